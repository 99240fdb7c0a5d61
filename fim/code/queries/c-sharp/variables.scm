(parameter type: (_) @type name: (identifier) @name)
(parameter_list type: (array_type) @type name: (identifier) @name) @elements
((variable_declaration type: (_) @type (variable_declarator name: (identifier) @name)) (#not-eq? @type "var"))
(variable_declaration type: (implicit_type) (variable_declarator name: (identifier) @name (_) @value .))
((foreach_statement type: (_) @type left: (identifier) @name) (#not-eq? @type "var"))
(foreach_statement type: (implicit_type) left: (identifier) @name right: (_) @element)
(declaration_pattern type: (_) @type name: (identifier) @name)
(recursive_pattern type: (_) @type name: (identifier) @name)
((declaration_expression type: (_) @type name: (identifier) @name) (#not-eq? @type "var"))
(catch_declaration type: (_) @type name: (identifier) @name)
; What a lambda is called with is likely an element of what it is handed to: `clients.Where(client => …)`.
(invocation_expression
  function: (member_access_expression expression: (_) @element)
  arguments: (argument_list (argument (lambda_expression parameters: (implicit_parameter) @name))))
