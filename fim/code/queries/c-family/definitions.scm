(union_specifier name: (type_identifier) @name body: (_) @body) @definition.class
(enum_specifier name: (type_identifier) @name body: (_) @body) @definition.class
(type_definition type: (struct_specifier name: (type_identifier) @name body: (_) @body) @definition.class @outer)
(type_definition type: (union_specifier name: (type_identifier) @name body: (_) @body) @definition.class @outer)
(type_definition type: (enum_specifier name: (type_identifier) @name body: (_) @body) @definition.class @outer)
(enum_specifier
  !name
  body: (enumerator_list (enumerator name: (identifier) @name value: (_)? @value) @definition.constant))
(type_definition
  type: (enum_specifier
    !name
    body: (enumerator_list (enumerator name: (identifier) @name value: (_)? @value) @definition.constant @outer)))
(type_definition
  type: [
    (struct_specifier name: (_)? @base body: (_) @body)
    (union_specifier name: (_)? @base body: (_) @body)
    (enum_specifier name: (_)? @base body: (_) @body)]
  declarator: [
    (type_identifier) @name
    (pointer_declarator declarator: (type_identifier) @name)]) @definition.class
(type_definition
  type: (struct_specifier !name body: (_) @body)
  declarator: (type_identifier) @base
  declarator: (pointer_declarator declarator: (type_identifier) @name)) @definition.class
(type_definition
  declarator: [
    (function_declarator declarator: (type_identifier) @name)
    (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (type_identifier) @name)))
    (pointer_declarator declarator: (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (type_identifier) @name))))]) @definition.type
(preproc_def name: (identifier) @name value: (_) @value) @definition.constant
(preproc_function_def name: (identifier) @name parameters: (_) @parameters) @definition.function
