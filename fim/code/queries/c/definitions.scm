; inherits: c-family
(struct_specifier name: (type_identifier) @name body: (_) @body) @definition.class

; The names of an enumeration are in scope without its name.
(enum_specifier
  name: (_)
  body: (enumerator_list (enumerator name: (identifier) @name value: (_)? @value) @definition.constant @outer))
(type_definition
  type: [
    (type_identifier) (primitive_type) (sized_type_specifier) (macro_type_specifier)
    (struct_specifier !body) (union_specifier !body) (enum_specifier !body)] @base
  declarator: [
    (type_identifier) @name
    (pointer_declarator declarator: (type_identifier) @name)
    (array_declarator declarator: (type_identifier) @name)]) @definition.type
(field_declaration
  type: (_) @type
  declarator: [
    (field_identifier) @name
    (array_declarator declarator: (field_identifier) @name)
    (pointer_declarator declarator: (field_identifier) @name)
    (pointer_declarator declarator: (pointer_declarator declarator: (field_identifier) @name))
    (pointer_declarator declarator: (array_declarator declarator: (field_identifier) @name))
    (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (field_identifier) @name)))
    (pointer_declarator declarator: (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (field_identifier) @name))))
  ]) @definition.field
(function_definition
  type: (_) @type
  declarator: [
    (function_declarator declarator: (identifier) @name parameters: (_) @parameters)
    (function_declarator declarator: (parenthesized_declarator (identifier) @name) parameters: (_) @parameters)
    (pointer_declarator
      declarator: (function_declarator declarator: (identifier) @name parameters: (_) @parameters))
    (pointer_declarator declarator: (function_declarator
      declarator: (parenthesized_declarator (identifier) @name) parameters: (_) @parameters))
    (pointer_declarator declarator: (pointer_declarator
      declarator: (function_declarator declarator: (identifier) @name parameters: (_) @parameters)))]
  body: (_) @body) @definition.function

; Prototypes
(declaration
  type: (_) @type
  declarator: [
    (function_declarator declarator: (identifier) @name parameters: (_) @parameters)
    (function_declarator declarator: (parenthesized_declarator (identifier) @name) parameters: (_) @parameters)
    (pointer_declarator
      declarator: (function_declarator declarator: (identifier) @name parameters: (_) @parameters))
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
        (pointer_declarator declarator: (array_declarator declarator: (identifier) @name))]
      value: (_) @value)]) @definition.constant
