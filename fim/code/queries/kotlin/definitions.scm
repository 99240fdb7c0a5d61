; Types, and what they inherit from, called or not.
(class_declaration name: (identifier) @name [(class_body) (enum_class_body)]? @body) @definition.class
(class_declaration
  name: (identifier) @name
  (delegation_specifiers
    (delegation_specifier
      [(user_type) @base
       (constructor_invocation (user_type) @base)
       (explicit_delegation (user_type) @base)]))) @definition.class
(object_declaration name: (identifier) @name (class_body)? @body) @definition.class
(object_declaration
  name: (identifier) @name
  (delegation_specifiers
    (delegation_specifier
      [(user_type) @base
       (constructor_invocation (user_type) @base)
       (explicit_delegation (user_type) @base)]))) @definition.class
(type_alias type: (identifier) @name "=" (_) @base) @definition.type

; The members of a companion are used by the name of the class around it.
(class_declaration
  name: (identifier) @name
  [(class_body (companion_object (class_body) @body) @definition.scope)
   (enum_class_body (companion_object (class_body) @body) @definition.scope)])
(class_declaration
  name: (identifier) @name
  (class_body
    (companion_object
      (delegation_specifiers
        (delegation_specifier
          [(user_type) @base
           (constructor_invocation (user_type) @base)
           (explicit_delegation (user_type) @base)]))) @definition.scope))

(function_declaration
  name: (identifier) @name
  (function_value_parameters) @parameters
  [(user_type) (nullable_type) (function_type) (parenthesized_type)]? @type
  (function_body)? @body) @definition.function
(function_declaration name: (identifier) @name (function_body "=" (_) @value)) @definition.function
(function_declaration
  [(user_type . (identifier) @receiver)
   (nullable_type (user_type . (identifier) @receiver))]
  .
  name: (identifier) @name) @definition.function
(secondary_constructor
  "constructor" @name
  (function_value_parameters) @parameters
  (block)? @body) @definition.function

; Properties of a class or a file; those in its functions and initializers are local.
(source_file (property_declaration (variable_declaration . (identifier) @name . (_)? @type)) @definition.constant)
(source_file
  (property_declaration
    (variable_declaration . (identifier) @name)
    [("=" . (_) @value)
     (getter (function_body "=" (_) @value))
     (property_delegate (call_expression (annotated_lambda (lambda_literal (_) @value .))))]) @definition.constant)
(source_file
  (property_declaration
    [(user_type . (identifier) @receiver)
     (nullable_type (user_type . (identifier) @receiver))]
    .
    (variable_declaration . (identifier) @name)) @definition.constant)
(class_body (property_declaration (variable_declaration . (identifier) @name . (_)? @type)) @definition.constant)
(class_body
  (property_declaration
    (variable_declaration . (identifier) @name)
    [("=" . (_) @value)
     (getter (function_body "=" (_) @value))
     (property_delegate (call_expression (annotated_lambda (lambda_literal (_) @value .))))]) @definition.constant)
(class_body
  (property_declaration
    [(user_type . (identifier) @receiver)
     (nullable_type (user_type . (identifier) @receiver))]
    .
    (variable_declaration . (identifier) @name)) @definition.constant)
(enum_class_body (property_declaration (variable_declaration . (identifier) @name . (_)? @type)) @definition.constant)
(enum_class_body
  (property_declaration
    (variable_declaration . (identifier) @name)
    [("=" . (_) @value)
     (getter (function_body "=" (_) @value))
     (property_delegate (call_expression (annotated_lambda (lambda_literal (_) @value .))))]) @definition.constant)
(enum_class_body
  (property_declaration
    [(user_type . (identifier) @receiver)
     (nullable_type (user_type . (identifier) @receiver))]
    .
    (variable_declaration . (identifier) @name)) @definition.constant)
(class_declaration
  (primary_constructor
    (class_parameters
      (class_parameter
        ["val" "var"]
        (identifier) @name
        .
        (_) @type) @definition.constant)))
(class_declaration
  name: (identifier) @type
  (enum_class_body (enum_entry (identifier) @name) @definition.constant))
