; inherits: ecma
(class_declaration
  name: (identifier) @name
  (class_heritage (_) @base)?
  body: (class_body) @body) @definition.class
(variable_declarator
  name: (identifier) @name
  value: (class (class_heritage (_) @base)? body: (class_body) @body)) @definition.class
(export_statement
  "default" @name
  value: (class (class_heritage (_) @base)? body: (class_body) @body)) @definition.class
[
  (function_declaration name: (identifier) @name parameters: (_) @parameters body: (_) @body)
  (generator_function_declaration name: (identifier) @name parameters: (_) @parameters body: (_) @body)
] @definition.function
(variable_declarator
  name: (identifier) @name
  value: [
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters body: (_) @body)
    (generator_function parameters: (_) @parameters body: (_) @body)
  ]) @definition.function
(export_statement
  "default" @name
  value: [
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters body: (_) @body)
  ]) @definition.function

; Members of classes, and the fields that their methods set.
(class_body
  (method_definition
    name: [(property_identifier) (private_property_identifier)] @name
    parameters: (_) @parameters
    body: (_) @body) @definition.function)
(class_body
  (field_definition
    property: (_) @name
    value: [
      (arrow_function parameters: (_) @parameters body: (_) @body)
      (function_expression parameters: (_) @parameters body: (_) @body)
    ]) @definition.function)
(class_body (field_definition property: (_) @name value: (_)? @value) @definition.field)

; Constants; what is required is an import.
(program
  (_
    (variable_declarator name: (identifier) @name value: (_)? @value) @definition.constant)
  (#not-match? @value "^(await\\s+import|require)\\s*\\("))
(program
  (export_statement
    (_
      (variable_declarator name: (identifier) @name value: (_)? @value) @definition.constant))
  (#not-match? @value "^(await\\s+import|require)\\s*\\("))

; Objects: what they hold are members.
(program
  (_ (variable_declarator
    name: (identifier) @name
    value: (object (spread_element (identifier) @base)?) @body) @definition.class))
(program
  (export_statement
    (_ (variable_declarator
      name: (identifier) @name
      value: (object (spread_element (identifier) @base)?) @body) @definition.class)))
(variable_declarator
  value: (object
    (method_definition name: (property_identifier) @name parameters: (_) @parameters body: (_) @body)
      @definition.function))
(variable_declarator
  value: (object
    (pair
      key: (property_identifier) @name
      value: [
        (arrow_function parameters: (_) @parameters body: (_) @body)
        (function_expression parameters: (_) @parameters body: (_) @body)
      ]) @definition.function))
(export_statement
  value: (object
    (method_definition name: (property_identifier) @name parameters: (_) @parameters body: (_) @body)
      @definition.function))
(export_statement
  value: (object
    (pair
      key: (property_identifier) @name
      value: [
        (arrow_function parameters: (_) @parameters body: (_) @body)
        (function_expression parameters: (_) @parameters body: (_) @body)
      ]) @definition.function))

; CommonJS: `exports.name =`, `module.exports.name =`, and what `module.exports` is set to.
(assignment_expression
  left: (member_expression object: (_) @exports property: (property_identifier) @name)
  right: [
    (function_expression parameters: (_) @parameters body: (_) @body)
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
  ]
  (#any-of? @exports "exports" "module.exports")) @definition.function
(assignment_expression
  left: (member_expression object: (_) @exports property: (property_identifier) @name)
  right: (class (class_heritage (_) @base)? body: (class_body) @body)
  (#any-of? @exports "exports" "module.exports")) @definition.class
(assignment_expression
  left: (member_expression object: (identifier) @module property: (property_identifier) @exports)
  right: [
    (function_expression name: (identifier) @name parameters: (_) @parameters body: (_) @body)
    (class name: (identifier) @name (class_heritage (_) @base)? body: (_) @body)
  ] @definition.function
  (#eq? @module "module") (#eq? @exports "exports"))
(assignment_expression
  left: (member_expression object: (identifier) @module property: (property_identifier) @name)
  right: [
    (function_expression !name parameters: (_) @parameters body: (_) @body)
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
  ]
  (#eq? @module "module") (#eq? @name "exports")) @definition.function
(assignment_expression
  left: (member_expression object: (identifier) @module property: (property_identifier) @name)
  right: (class !name (class_heritage (_) @base)? body: (_) @body)
  (#eq? @module "module") (#eq? @name "exports")) @definition.class
(assignment_expression
  left: (member_expression object: (identifier) @module property: (property_identifier) @exports)
  right: (object
    [
      (method_definition name: (property_identifier) @name parameters: (_) @parameters body: (_) @body)
      (pair
        key: (property_identifier) @name
        value: [
          (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
          (function_expression parameters: (_) @parameters body: (_) @body)
        ])
    ] @definition.function)
  (#eq? @module "module") (#eq? @exports "exports"))

; Members that are set from outside: on the prototype, on the class, on an object.
(assignment_expression
  left: (member_expression
    object: (member_expression object: (identifier) @owner property: (property_identifier) @prototype)
    property: (property_identifier) @name)
  right: [
    (function_expression parameters: (_) @parameters body: (_) @body)
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (_)
  ]
  (#eq? @prototype "prototype")) @definition.function
(assignment_expression
  left: (member_expression object: (identifier) @owner property: (property_identifier) @prototype)
  right: (object
    [
      (method_definition name: (property_identifier) @name parameters: (_) @parameters body: (_) @body)
      (pair
        key: (property_identifier) @name
        value: (function_expression parameters: (_) @parameters body: (_) @body))
    ] @definition.function)
  (#eq? @prototype "prototype"))
(program
  (expression_statement
    (assignment_expression
      left: (member_expression object: (identifier) @owner property: (property_identifier) @name)
      right: [
        (function_expression parameters: (_) @parameters body: (_) @body)
        (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
      ]
      (#not-match? @owner "^(module|exports|window|global|globalThis)$")) @definition.function))
