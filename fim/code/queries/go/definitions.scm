(function_declaration
  name: (identifier) @name
  parameters: (parameter_list) @parameters
  result: (_)? @type
  body: (block)? @body) @definition.function

(method_declaration
  receiver: (parameter_list
    (parameter_declaration
      type: [
        (type_identifier) @owner
        (pointer_type (type_identifier) @owner)
        (generic_type type: (type_identifier) @owner)
        (pointer_type (generic_type type: (type_identifier) @owner))]))
  name: (field_identifier) @name
  parameters: (parameter_list) @parameters
  result: (_)? @type
  body: (block)? @body) @definition.function

(type_spec name: (type_identifier) @name type: (struct_type (field_declaration_list) @body)) @definition.class
(type_spec name: (type_identifier) @name type: (interface_type) @body) @definition.class
(type_spec
  name: (type_identifier) @name
  type: (struct_type (field_declaration_list (field_declaration !name type: (_) @base)))) @definition.class
(type_spec
  name: (type_identifier) @name
  type: (interface_type (type_elem (_) @base))) @definition.class
(type_spec
  name: (type_identifier) @name
  type: [(type_identifier) (qualified_type) (function_type) (map_type) (slice_type) (pointer_type)
         (array_type) (channel_type) (generic_type)] @base) @definition.type
(type_alias name: (type_identifier) @name type: (_) @base) @definition.type

(field_declaration name: (field_identifier) @name type: (_) @type) @definition.field
; An embedded type is also a field with its name.
(field_declaration
  !name
  type: [
    (type_identifier) @name
    (qualified_type name: (type_identifier) @name)
    (generic_type type: (type_identifier) @name)
    (generic_type type: (qualified_type name: (type_identifier) @name))] @type) @definition.field
(method_elem
  name: (field_identifier) @name
  parameters: (parameter_list) @parameters
  result: (_)? @type) @definition.function

(const_spec name: (identifier) @name type: (_)? @type value: (expression_list . (_) @value)?) @definition.constant
(var_spec name: (identifier) @name type: (_)? @type value: (expression_list . (_) @value)?) @definition.constant
