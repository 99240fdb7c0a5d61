(parameter . (identifier) @name . (_) @type)
(class_parameter (identifier) @name . (_) @type)
(variable_declaration . (identifier) @name . (_) @type)
(property_declaration (variable_declaration . (identifier) @name .) "=" (_) @value)
(property_declaration
  (variable_declaration . (identifier) @name .)
  (property_delegate (call_expression (annotated_lambda (lambda_literal (_) @value .)))))
(when_subject (variable_declaration . (identifier) @name .) "=" (_) @value)
(for_statement (variable_declaration . (identifier) @name .) . (_) @element)
(catch_block (identifier) @name . (_) @type)
(is_expression left: (identifier) @name right: (_) @type)
; What a lambda is called with is likely an element of what it is handed to: `clients.forEach { client -> … }`.
(call_expression
  (navigation_expression . (_) @element)
  (annotated_lambda (lambda_literal (lambda_parameters . (variable_declaration . (identifier) @name .)))))
