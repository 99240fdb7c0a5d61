(function_declaration
  name: [
    (identifier) @name
    (dot_index_expression table: (identifier) @owner field: (identifier) @name)
    (method_index_expression table: (identifier) @owner method: (identifier) @name)
    (dot_index_expression table: (dot_index_expression field: (identifier) @owner) field: (identifier) @name)
    (method_index_expression table: (dot_index_expression field: (identifier) @owner) method: (identifier) @name)
  ]
  parameters: (_) @parameters
  body: (_)? @body) @definition.function
(assignment_statement
  (variable_list .
    name: [
      (identifier) @name
      (dot_index_expression table: (identifier) @owner field: (identifier) @name)
      (dot_index_expression table: (dot_index_expression field: (identifier) @owner) field: (identifier) @name)
    ] .)
  (expression_list . value: (function_definition parameters: (_) @parameters body: (_)? @body) .)) @definition.function

; Tables with what stands in them; a metatable's index, and what is extended, are bases.
(assignment_statement
  (variable_list . name: (identifier) @name .)
  (expression_list . value: (table_constructor) @body .)) @definition.class
(assignment_statement
  (variable_list . name: (identifier) @name .)
  (expression_list . value: (binary_expression (identifier) (table_constructor)) @body .)) @definition.class
(assignment_statement
  (variable_list . name: (dot_index_expression table: (identifier) @owner field: (identifier) @name) .)
  (expression_list . value: (table_constructor) @body .)) @definition.class
(assignment_statement
  (variable_list . name: (identifier) @name .)
  (expression_list .
    value: (function_call
      name: (identifier) @setmetatable
      arguments: (arguments (table_constructor (field name: (identifier) @index value: (_) @base))))
    @body .)
  (#eq? @setmetatable "setmetatable") (#eq? @index "__index")) @definition.class
(assignment_statement
  (variable_list . name: (identifier) @name .)
  (expression_list .
    value: (function_call name: (identifier) @setmetatable arguments: (arguments . [(identifier) (dot_index_expression) (function_call)] @base (_))) @body .)
  (#eq? @setmetatable "setmetatable")) @definition.class
(assignment_statement
  (variable_list . name: (identifier) @name .)
  (expression_list .
    value: (function_call
      name: [
        (method_index_expression table: (_) @base method: (identifier) @extend)
        (dot_index_expression table: (_) @base field: (identifier) @extend)
      ]) @body .)
  (#any-of? @extend "extend" "subclass" "derive" "inherit")) @definition.class
(assignment_statement
  (variable_list . name: (identifier) @name .)
  (expression_list .
    value: (function_call name: (identifier) @class arguments: (arguments . (string) . (_)? @base)) @body .)
  (#any-of? @class "class" "Class")) @definition.class
(function_call
  name: (identifier) @setmetatable
  arguments: (arguments . (identifier) @name (table_constructor (field name: (identifier) @index value: (_) @base)))
  (#eq? @setmetatable "setmetatable") (#eq? @index "__index")) @definition.scope

(table_constructor
  (field
    name: (identifier) @name
    value: (function_definition parameters: (_) @parameters body: (_)? @body)) @definition.function)
(chunk
  [
    (assignment_statement
      (variable_list . name: (identifier) @owner)
      (expression_list .
        value: (table_constructor (field name: (identifier) @name value: (_) @value) @definition.field)))
    (variable_declaration
      (assignment_statement
        (variable_list . name: (identifier) @owner)
        (expression_list .
          value: (table_constructor (field name: (identifier) @name value: (_) @value) @definition.field))))
  ])

; Fields of the object and of the table.
(assignment_statement
  (variable_list . name: (dot_index_expression table: (identifier) @self field: (identifier) @name))
  (expression_list . value: (_) @value)
  (#eq? @self "self")) @definition.field
(chunk
  (assignment_statement
    (variable_list . name: (dot_index_expression table: (identifier) @owner field: (identifier) @name))
    (expression_list . value: (_) @value)) @definition.field)

(chunk
  (variable_declaration
    (assignment_statement
      (variable_list . name: (identifier) @name)
      (expression_list . value: (_) @value)) @definition.constant)
  (#not-match? @value "^require\\b"))
(chunk
  (assignment_statement
    (variable_list . name: (identifier) @name)
    (expression_list . value: (_) @value)) @definition.constant
  (#not-match? @value "^require\\b"))

; What a function gives, where it makes an object of a metatable.
(function_declaration
  name: [
    (identifier) @name
    (dot_index_expression field: (identifier) @name)
    (method_index_expression method: (identifier) @name)
  ]
  body: (block
    (return_statement
      (expression_list .
        (function_call name: (identifier) @setmetatable arguments: (arguments (_) . (identifier) @type))))
    (#eq? @setmetatable "setmetatable"))) @definition.function
