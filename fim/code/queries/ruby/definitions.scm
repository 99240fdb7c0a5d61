(class
  name: [(constant) @name (scope_resolution name: (constant) @name)]
  superclass: (superclass (_) @base)?
  body: (_)? @body) @definition.class @top
; Mixins are bases.
(class
  name: [(constant) @name (scope_resolution name: (constant) @name)]
  body: (body_statement
    (call method: (identifier) @mixin arguments: (argument_list [(constant) (scope_resolution)] @base))
    (#any-of? @mixin "include" "extend" "prepend"))) @definition.class @top
; A module holds classes, and methods for those that mix it in.
(module
  name: [(constant) @name (scope_resolution name: (constant) @name)]
  body: (_)? @body) @definition.module @top
(module
  name: [(constant) @name (scope_resolution name: (constant) @name)]
  body: (body_statement
    (call method: (identifier) @mixin arguments: (argument_list [(constant) (scope_resolution)] @base))
    (#any-of? @mixin "include" "extend" "prepend"))) @definition.module @top
(module
  name: [(constant) @owner (scope_resolution name: (constant) @owner)]
  body: (body_statement
    [
      (method name: (_) @name parameters: (_)? @parameters)
      (singleton_method name: (_) @name parameters: (_)? @parameters)
    ] @definition.function))
(module
  name: [(constant) @owner (scope_resolution name: (constant) @owner)]
  body: (body_statement
    (singleton_class body: (body_statement (method name: (_) @name parameters: (_)? @parameters) @definition.function))))

(method name: (_) @name parameters: (_)? @parameters body: (_) @body) @definition.function
(method name: (_) @name !body parameters: (_)? @parameters) @definition.function
(singleton_method name: (_) @name parameters: (_)? @parameters body: (_) @body) @definition.function
(singleton_method name: (_) @name !body parameters: (_)? @parameters) @definition.function

; What a method gives, where its last line makes one object.
(method
  name: (_) @name
  body: (body_statement (call receiver: [(constant) (scope_resolution)] method: (identifier) @new) @value .)
  (#eq? @new "new")) @definition.function
(singleton_method
  name: (_) @name
  body: (body_statement (call receiver: [(constant) (scope_resolution)] method: (identifier) @new) @value .)
  (#eq? @new "new")) @definition.function
(method
  name: (_) @name
  body: (body_statement
    (operator_assignment right: (call receiver: [(constant) (scope_resolution)] method: (identifier) @new) @value) .)
  (#eq? @new "new")) @definition.function

; Methods that a call in the body of a class makes.
(call
  !receiver
  method: (identifier) @maker
  arguments: (argument_list (simple_symbol) @name)
  (#any-of? @maker "attr_reader" "attr_writer" "attr_accessor" "mattr_accessor" "mattr_reader" "cattr_accessor"
    "cattr_reader" "class_attribute" "thread_mattr_accessor" "attribute" "delegate")) @definition.function
(call
  !receiver
  method: (identifier) @maker
  arguments: (argument_list . (simple_symbol) @name)
  (#any-of? @maker "has_many" "has_one" "belongs_to" "has_and_belongs_to_many" "scope" "define_method" "alias_method"
    "enum" "has_one_attached" "has_many_attached" "store_accessor" "property" "field" "option" "argument" "let"
    "subject")) @definition.function
(alias name: (_) @name) @definition.function

(assignment left: (constant) @name right: (_) @value) @definition.constant
; A class that Struct, Data or Class makes: its members are what they are given.
(assignment
  left: (constant) @name
  right: (call
    receiver: (constant) @struct
    method: (identifier) @new
    arguments: (argument_list [(constant) (scope_resolution)] @base)? ) @body
  (#any-of? @struct "Struct" "Data" "Class")
  (#any-of? @new "new" "define")) @definition.class
(assignment
  left: (constant) @owner
  right: (call
    receiver: (constant) @struct
    arguments: (argument_list (simple_symbol) @name @definition.field))
  (#any-of? @struct "Struct" "Data"))

(assignment left: (instance_variable) @name right: (_) @value) @definition.field
(operator_assignment left: (instance_variable) @name right: (_) @value) @definition.field
