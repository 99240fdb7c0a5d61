((formal_parameter type: (_) @type name: (identifier) @name))
(spread_parameter (_) @type (variable_declarator name: (identifier) @name)) @elements
(catch_formal_parameter (catch_type (_) @type) name: (identifier) @name)
(instanceof_expression right: (_) @type name: (identifier) @name)
(type_pattern (_) @type (identifier) @name)
(record_pattern_component (_) @type (identifier) @name)
((local_variable_declaration type: (_) @type declarator: (variable_declarator name: (identifier) @name))
  (#not-eq? @type "var"))
((local_variable_declaration type: (_) @_var declarator: (variable_declarator name: (identifier) @name value: (_) @value))
  (#eq? @_var "var"))
((resource type: (_) @type name: (identifier) @name) (#not-eq? @type "var"))
((resource type: (_) @_var name: (identifier) @name value: (_) @value) (#eq? @_var "var"))
((enhanced_for_statement type: (_) @type name: (identifier) @name) (#not-eq? @type "var"))
((enhanced_for_statement type: (_) @_var name: (identifier) @name value: (_) @element) (#eq? @_var "var"))
; What a lambda is called with is likely an element of what it is handed to: `clients.forEach(client -> …)`.
(method_invocation
  object: (_) @element
  arguments: (argument_list (lambda_expression parameters: (identifier) @name)))
(method_invocation
  object: (_) @element
  arguments: (argument_list (lambda_expression parameters: (inferred_parameters . (identifier) @name))))
