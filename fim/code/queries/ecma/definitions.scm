; What a function returns, where it is one new object.
(function_declaration
  name: (identifier) @name
  body: (statement_block (return_statement (new_expression constructor: (_) @type)))) @definition.function
(method_definition
  name: (_) @name
  body: (statement_block (return_statement (new_expression constructor: (_) @type)))) @definition.function
(variable_declarator
  name: (identifier) @name
  value: (arrow_function body: (new_expression constructor: (_) @type))) @definition.function
(variable_declarator
  name: (identifier) @name
  value: (arrow_function
    body: (statement_block (return_statement (new_expression constructor: (_) @type))))) @definition.function
(assignment_expression
  left: (member_expression
    object: (this)
    property: [(property_identifier) (private_property_identifier)] @name)
  right: (_) @value) @definition.field
(export_statement "default" @name value: (object) @body) @definition.class
(program
  (_ (variable_declarator
    name: (identifier) @owner
    value: (object (pair key: (property_identifier) @name value: (_) @value) @definition.field))))
(program
  (_ (variable_declarator
    name: (identifier) @owner
    value: (object (shorthand_property_identifier) @name @value @definition.field))))
(program
  (export_statement
    (_ (variable_declarator
      name: (identifier) @owner
      value: (object (pair key: (property_identifier) @name value: (_) @value) @definition.field)))))
(program
  (export_statement
    (_ (variable_declarator
      name: (identifier) @owner
      value: (object (shorthand_property_identifier) @name @value @definition.field)))))
(assignment_expression
  left: (member_expression object: (_) @exports property: (property_identifier) @name)
  right: [(string) (number) (new_expression) (object) (array) (true) (false) (call_expression)] @value
  (#not-match? @value "^require\\s*\\(")
  (#any-of? @exports "exports" "module.exports")) @definition.constant
(assignment_expression
  left: (member_expression object: (identifier) @module property: (property_identifier) @exports)
  right: (object
    (pair
      key: (property_identifier) @name
      value: [(string) (number) (new_expression) (object) (array) (true) (false) (call_expression)] @value)
        @definition.constant)
  (#not-match? @value "^require\\s*\\(")
  (#eq? @module "module") (#eq? @exports "exports"))

; Under which name it exports what it has: `module.exports = { implementation: ClientImpl }`.
(assignment_expression
  left: (member_expression) @exports
  right: (object (pair key: (property_identifier) @name value: (identifier) @value) @definition.constant)
  (#eq? @exports "module.exports"))

; Frozen objects: what they hold are members.
(assignment_expression
  left: (member_expression property: (property_identifier) @name) @exports
  right: (call_expression function: (_) @freeze arguments: (arguments (object) @body))
  (#eq? @freeze "Object.freeze") (#match? @exports "^(module\\.)?exports\\b")) @definition.class
(assignment_expression
  left: (member_expression property: (property_identifier) @owner) @exports
  right: (call_expression
    function: (_) @freeze
    arguments: (arguments (object (pair key: (property_identifier) @name value: (_) @value) @definition.field)))
  (#eq? @freeze "Object.freeze") (#match? @exports "^(module\\.)?exports\\b"))
(program
  (_ (variable_declarator
    name: (identifier) @name
    value: (call_expression function: (_) @freeze arguments: (arguments (object) @body))) @definition.class)
  (#eq? @freeze "Object.freeze"))
(program
  (_ (variable_declarator
    name: (identifier) @owner
    value: (call_expression
      function: (_) @freeze
      arguments: (arguments (object (pair key: (property_identifier) @name value: (_) @value) @definition.field)))))
  (#eq? @freeze "Object.freeze"))
(program
  (expression_statement
    (assignment_expression
      left: (member_expression object: (identifier) @owner property: (property_identifier) @name)
      right: [(string) (number) (new_expression) (object) (array) (call_expression) (identifier)] @value
      (#not-match? @name "^prototype$")
      (#not-match? @owner "^(module|exports|window|global|globalThis)$")) @definition.field))

; What is exported without a name.
(export_statement "default" @name value: (new_expression) @value)
  @definition.constant
