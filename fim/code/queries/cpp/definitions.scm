; inherits: c-family
(namespace_definition name: (namespace_identifier) @name body: (_) @body) @definition.module
(namespace_definition name: (nested_namespace_specifier (namespace_identifier) @name) body: (_) @body) @definition.module
(namespace_alias_definition name: (namespace_identifier) @name) @definition.module
(class_specifier
  name: [(type_identifier) @name (template_type name: (type_identifier) @name)
         (qualified_identifier name: (type_identifier) @name)]
  (base_class_clause [(type_identifier) (qualified_identifier) (template_type)] @base)?
  body: (_) @body) @definition.class
(struct_specifier
  name: [(type_identifier) @name (template_type name: (type_identifier) @name)
         (qualified_identifier name: (type_identifier) @name)]
  (base_class_clause [(type_identifier) (qualified_identifier) (template_type)] @base)?
  body: (_) @body) @definition.class

; The names of a plain enumeration are in scope without its name.
((enum_specifier
  name: (_)
  body: (enumerator_list (enumerator name: (identifier) @name value: (_)? @value) @definition.constant @outer)) @_enum
  (#not-match? @_enum "^enum\\s+(class|struct)\\s"))
((enum_specifier
  name: (_)
  body: (enumerator_list (enumerator name: (identifier) @name value: (_)? @value) @definition.constant)) @_enum
  (#match? @_enum "^enum\\s+(class|struct)\\s"))
(type_definition
  type: [
    (type_identifier) (primitive_type) (sized_type_specifier) (template_type) (qualified_identifier)
    (dependent_type) (decltype)
    (struct_specifier !body) (union_specifier !body) (enum_specifier !body)] @base
  declarator: [
    (type_identifier) @name
    (pointer_declarator declarator: (type_identifier) @name)
    (array_declarator declarator: (type_identifier) @name)]) @definition.type
(alias_declaration name: (type_identifier) @name type: (_) @base) @definition.type
(concept_definition name: (identifier) @name) @definition.type
(field_declaration
  type: (_) @type
  declarator: [
    (field_identifier) @name
    (array_declarator declarator: (field_identifier) @name)
    (pointer_declarator declarator: (field_identifier) @name)
    (reference_declarator (field_identifier) @name)
    (pointer_declarator declarator: (pointer_declarator declarator: (field_identifier) @name))
    (pointer_declarator declarator: (array_declarator declarator: (field_identifier) @name))
    (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (field_identifier) @name)))
    (pointer_declarator declarator: (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (field_identifier) @name))))]
  default_value: (_)? @value) @definition.field

; Methods as the class declares them, and constructors
(field_declaration
  type: (_) @type
  declarator: [
    (function_declarator declarator: [(field_identifier) (operator_name)] @name parameters: (_) @parameters)
    (pointer_declarator declarator: (function_declarator
      declarator: [(field_identifier) (operator_name)] @name parameters: (_) @parameters))
    (reference_declarator (function_declarator
      declarator: [(field_identifier) (operator_name)] @name parameters: (_) @parameters))
    (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator
      declarator: (field_identifier) @name parameters: (_) @parameters)))]) @definition.function
(declaration
  !type
  declarator: (function_declarator declarator: (identifier) @name parameters: (_) @parameters)) @definition.function

; A function, or a method in its class
(function_definition
  type: (_)? @type
  declarator: [
    (function_declarator
      declarator: [(identifier) (field_identifier) (operator_name)] @name parameters: (_) @parameters)
    (pointer_declarator declarator: (function_declarator
      declarator: [(identifier) (field_identifier) (operator_name)] @name parameters: (_) @parameters))
    (reference_declarator (function_declarator
      declarator: [(identifier) (field_identifier) (operator_name)] @name parameters: (_) @parameters))
    (function_declarator declarator: (parenthesized_declarator (identifier) @name) parameters: (_) @parameters)
    (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator
      declarator: [(identifier) (field_identifier)] @name parameters: (_) @parameters)))]
  (field_initializer_list)? @body
  body: (_)? @body) @definition.function

; A method out of its class, its owner before its name
(function_definition
  type: (_)? @type
  declarator: [
    (function_declarator declarator: (qualified_identifier
      scope: [(namespace_identifier) @owner (template_type name: (_) @owner)]
      name: [(identifier) (operator_name) (destructor_name)] @name) parameters: (_) @parameters)
    (pointer_declarator declarator: (function_declarator declarator: (qualified_identifier
      scope: [(namespace_identifier) @owner (template_type name: (_) @owner)]
      name: [(identifier) (operator_name) (destructor_name)] @name) parameters: (_) @parameters))
    (reference_declarator (function_declarator declarator: (qualified_identifier
      scope: [(namespace_identifier) @owner (template_type name: (_) @owner)]
      name: [(identifier) (operator_name) (destructor_name)] @name) parameters: (_) @parameters))]
  (field_initializer_list)? @body
  body: (_)? @body) @definition.function
(function_definition
  type: (_)? @type
  declarator: [
    (function_declarator declarator: (qualified_identifier name: (qualified_identifier
      scope: [(namespace_identifier) @owner (template_type name: (_) @owner)]
      name: [(identifier) (operator_name) (destructor_name)] @name)) parameters: (_) @parameters)
    (pointer_declarator declarator: (function_declarator declarator: (qualified_identifier name: (qualified_identifier
      scope: [(namespace_identifier) @owner (template_type name: (_) @owner)]
      name: [(identifier) (operator_name) (destructor_name)] @name)) parameters: (_) @parameters))
    (reference_declarator (function_declarator declarator: (qualified_identifier name: (qualified_identifier
      scope: [(namespace_identifier) @owner (template_type name: (_) @owner)]
      name: [(identifier) (operator_name) (destructor_name)] @name)) parameters: (_) @parameters))]
  (field_initializer_list)? @body
  body: (_)? @body) @definition.function
(function_definition
  type: (_)? @type
  declarator: [
    (function_declarator declarator: (qualified_identifier name: (qualified_identifier name: (qualified_identifier
      scope: [(namespace_identifier) @owner (template_type name: (_) @owner)]
      name: [(identifier) (operator_name) (destructor_name)] @name))) parameters: (_) @parameters)
    (pointer_declarator declarator: (function_declarator declarator: (qualified_identifier name: (qualified_identifier name: (qualified_identifier
      scope: [(namespace_identifier) @owner (template_type name: (_) @owner)]
      name: [(identifier) (operator_name) (destructor_name)] @name))) parameters: (_) @parameters))
    (reference_declarator (function_declarator declarator: (qualified_identifier name: (qualified_identifier name: (qualified_identifier
      scope: [(namespace_identifier) @owner (template_type name: (_) @owner)]
      name: [(identifier) (operator_name) (destructor_name)] @name))) parameters: (_) @parameters))]
  (field_initializer_list)? @body
  body: (_)? @body) @definition.function

; Prototypes, operators among them
(declaration
  type: (_) @type
  declarator: [
    (function_declarator declarator: [(identifier) (operator_name)] @name parameters: (_) @parameters)
    (function_declarator declarator: (parenthesized_declarator (identifier) @name) parameters: (_) @parameters)
    (pointer_declarator declarator: (function_declarator declarator: (identifier) @name parameters: (_) @parameters))
    (reference_declarator
      (function_declarator declarator: [(identifier) (operator_name)] @name parameters: (_) @parameters))
    (pointer_declarator declarator: (function_declarator
      declarator: (parenthesized_declarator (identifier) @name) parameters: (_) @parameters))
    (pointer_declarator declarator: (pointer_declarator
      declarator: (function_declarator declarator: (identifier) @name parameters: (_) @parameters)))]) @definition.function
(declaration
  type: (_) @type
  declarator: [
    (identifier) @name
    (array_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (identifier) @name)
    (reference_declarator (identifier) @name)
    (pointer_declarator declarator: (array_declarator declarator: (identifier) @name))
    (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @name))
    (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (identifier) @name)))
    (pointer_declarator declarator: (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (identifier) @name))))
    (init_declarator
      declarator: [
        (identifier) @name
        (array_declarator declarator: (identifier) @name)
        (pointer_declarator declarator: (identifier) @name)
        (reference_declarator (identifier) @name)
        (pointer_declarator declarator: (array_declarator declarator: (identifier) @name))]
      value: (_) @value)]) @definition.constant
