(parameter_declaration
  type: [
    (type_identifier) (qualified_identifier) (template_type) (struct_specifier) (class_specifier) (enum_specifier)
    (union_specifier) (primitive_type) (sized_type_specifier)] @type
  declarator: [
    (identifier) @name
    (array_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (identifier) @name)
    (reference_declarator (identifier) @name)
    (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @name))])
(optional_parameter_declaration
  type: [
    (type_identifier) (qualified_identifier) (template_type) (struct_specifier) (class_specifier) (enum_specifier)
    (union_specifier) (primitive_type) (sized_type_specifier)] @type
  declarator: [
    (identifier) @name
    (array_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (identifier) @name)
    (reference_declarator (identifier) @name)
    (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @name))])
(declaration
  type: [
    (type_identifier) (qualified_identifier) (template_type) (struct_specifier) (class_specifier) (enum_specifier)
    (union_specifier) (primitive_type) (sized_type_specifier)] @type
  declarator: [
    (identifier) @name
    (array_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (identifier) @name)
    (reference_declarator (identifier) @name)
    (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @name))
    (init_declarator declarator: [
      (identifier) @name
      (array_declarator declarator: (identifier) @name)
      (pointer_declarator declarator: (identifier) @name)
      (reference_declarator (identifier) @name)])])

; `auto`
(declaration
  type: (placeholder_type_specifier)
  declarator: (init_declarator
    declarator: [
      (identifier) @name
      (pointer_declarator declarator: (identifier) @name)
      (reference_declarator (identifier) @name)
      (structured_binding_declarator . (identifier) @name)]
    value: (_) @value))
(for_range_loop
  type: (placeholder_type_specifier)
  declarator: [(identifier) @name (reference_declarator (identifier) @name)]
  right: (_) @element)
(for_range_loop
  type: [(type_identifier) (qualified_identifier) (template_type)] @type
  declarator: [(identifier) @name (reference_declarator (identifier) @name)])
(condition_clause value: (declaration
  type: (placeholder_type_specifier)
  declarator: [(identifier) @name (pointer_declarator declarator: (identifier) @name)]
  value: (_) @value))
(lambda_capture_initializer left: (identifier) @name right: (_) @value)
