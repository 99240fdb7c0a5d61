; Classes and functions. The reader leaves out what is local to a function.
(class_definition
  name: (identifier) @name
  superclasses: (argument_list [(identifier) (attribute) (subscript)] @base)?
  body: (block . (expression_statement (string) @doc)?) @body) @definition.class

(function_definition
  name: (identifier) @name
  parameters: (parameters) @parameters
  return_type: (type)? @type
  body: (block . (expression_statement (string) @doc)?) @body) @definition.function

; Without an annotation, what a function returns at its end tells its type.
(function_definition
  name: (identifier) @name
  !return_type
  body: (block (return_statement [(call) (identifier) (attribute) (await)] @value) .)) @definition.function

; Fields that methods set; what the class itself sets is a constant of it.
(assignment
  left: (attribute object: (identifier) @self attribute: (identifier) @name)
  type: (type)? @type
  right: (_)? @value
  (#any-of? @self "self" "cls")) @definition.field

(expression_statement
  (assignment left: (identifier) @name type: (type)? @type right: (_)? @value)) @definition.constant

(type_alias_statement left: (type (identifier) @name)) @definition.type
