(parameter_declaration name: (identifier) @name type: (_) @type)
(variadic_parameter_declaration name: (identifier) @name type: (_) @type) @elements
(var_spec name: (identifier) @name type: (_) @type)
(var_spec . name: (identifier) @name !type value: (expression_list . (_) @value))
(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list . (_) @value))
(range_clause
  left: (expression_list (identifier) (identifier) @name)
  right: (_) @element)
