(parameter_declaration name: (identifier) @name type: (_) @type)
(variadic_parameter_declaration name: (identifier) @name type: (_) @type) @elements
(var_spec name: (identifier) @name type: (_) @type)
(var_spec . name: (identifier) @name !type value: (expression_list . (_) @value))
(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list . (_) @value))
; `a, b := f(), g()`
(short_var_declaration
  left: (expression_list . (identifier) . (identifier) @name)
  right: (expression_list . (_) . (_) @value))
; What is made or asserted is of the type that is named there: `new(T)`, `make([]T, n)`, `[]T{}`, `v.(T)`
(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list . [
    (call_expression
      function: (identifier)
      arguments: (argument_list . [
        (type_identifier) (qualified_type) (pointer_type) (slice_type) (map_type) (array_type) (channel_type)] @type))
    (composite_literal type: [(slice_type) (map_type) (array_type)] @type)
    (type_assertion_expression type: (_) @type)]))
(range_clause
  left: (expression_list (identifier) (identifier) @name)
  right: (_) @element)
; In a case of a type switch the variable is of the type that stands there.
(type_switch_statement
  alias: (expression_list (identifier) @name)
  (type_case . type: (_) @type) @at)
