(struct_item name: (type_identifier) @name body: (_)? @body) @definition.class
(union_item name: (type_identifier) @name body: (_) @body) @definition.class
(enum_item name: (type_identifier) @name body: (_) @body) @definition.class
(trait_item name: (type_identifier) @name bounds: (trait_bounds (_) @base)? body: (_) @body) @definition.class

; What an `impl` holds belongs to its type, and its trait is a base of it.
(impl_item
  trait: (_)? @base
  type: [
    (type_identifier) @name
    (generic_type type: (type_identifier) @name)
    (scoped_type_identifier name: (type_identifier) @name)
    (generic_type type: (scoped_type_identifier name: (type_identifier) @name))
    (reference_type type: (type_identifier) @name)
    (reference_type type: (generic_type type: (type_identifier) @name))]
  body: (_) @body) @definition.scope

; What dereferences to another type has its members too.
((impl_item
  trait: (_) @_deref
  type: [
    (type_identifier) @name
    (generic_type type: (type_identifier) @name)]
  body: (declaration_list (type_item name: (type_identifier) @_target type: (_) @base)) @body) @definition.scope
  (#match? @_deref "\\bDeref$")
  (#eq? @_target "Target"))

; Tests see the module around them; nobody sees what they define.
(mod_item name: (identifier) @name body: (_) @body (#match? @name "^tests?$")) @definition.scope
(mod_item name: (identifier) @name body: (_) @body (#not-match? @name "^tests?$")) @definition.module

(function_item
  name: (identifier) @name
  parameters: (parameters) @parameters
  return_type: (_)? @type
  body: (block) @body) @definition.function
(function_signature_item
  name: (identifier) @name
  parameters: (parameters) @parameters
  return_type: (_)? @type) @definition.function
(macro_definition name: (identifier) @name . (macro_rule right: (_) @body)?) @definition.function

(struct_item body: (field_declaration_list
  (field_declaration name: (field_identifier) @name type: (_) @type) @definition.field))
(union_item body: (field_declaration_list
  (field_declaration name: (field_identifier) @name type: (_) @type) @definition.field))
(enum_variant
  name: (identifier) @name
  body: (ordered_field_declaration_list)? @parameters) @definition.constant
(const_item name: (identifier) @name type: (_) @type value: (_)? @value) @definition.constant
(static_item name: (identifier) @name type: (_) @type value: (_)? @value) @definition.constant
(type_item name: (type_identifier) @name type: (_) @base) @definition.type
(associated_type name: (type_identifier) @name) @definition.type
