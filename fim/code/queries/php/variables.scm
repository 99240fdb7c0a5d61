(simple_parameter type: (_)? @type name: (variable_name) @name)
(property_promotion_parameter type: (_)? @type name: (variable_name) @name)
(variadic_parameter type: (_)? @type name: (variable_name) @name) @elements
(assignment_expression left: (variable_name) @name right: (_) @value)
(catch_clause type: (_) @type name: (variable_name) @name)
(foreach_statement . (_) @element . (variable_name) @name)
(foreach_statement . (_) @element . (pair (_) (variable_name) @name))
(binary_expression left: (variable_name) @name operator: "instanceof" right: (_) @type)
(comment) @comment
