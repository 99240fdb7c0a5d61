(class_definition name: (_) @name body: (_)? @body) @definition.class
(trait_definition name: (_) @name body: (_)? @body) @definition.class
(object_definition name: (_) @name body: (_)? @body) @definition.class
(enum_definition name: (_) @name body: (_)? @body) @definition.class
(class_definition name: (_) @name extend: (extends_clause type: (_) @base)) @definition.class
(trait_definition name: (_) @name extend: (extends_clause type: (_) @base)) @definition.class
(object_definition name: (_) @name extend: (extends_clause type: (_) @base)) @definition.class
(enum_definition name: (_) @name extend: (extends_clause type: (_) @base)) @definition.class
; What a trait may only be mixed into is in scope like a base: `self: Logging with Store =>`.
([(trait_definition name: (_) @name body: (template_body (self_type (identifier) [(type_identifier) (generic_type)] @base)))
  (trait_definition name: (_) @name body: (template_body (self_type (identifier) (compound_type (_) @base))))
  (class_definition name: (_) @name body: (template_body (self_type (identifier) [(type_identifier) (generic_type)] @base)))
  (class_definition name: (_) @name body: (template_body (self_type (identifier) (compound_type (_) @base))))]
  @definition.class)
(given_definition name: (_) @name return_type: (_)? @base body: (_)? @body) @definition.class
(package_object name: (_) @name body: (_) @body) @definition.module
(type_definition name: (_) @name type: (_)? @base) @definition.type

(function_definition
  name: (_) @name
  parameters: (_)? @parameters
  return_type: (_)? @type
  body: (_) @body @value) @definition.function
(function_declaration name: (_) @name parameters: (_)? @parameters return_type: (_)? @type) @definition.function

; Values of a template or a file; those in its functions are local, and those in a block of a statement.
(compilation_unit
  [(val_definition pattern: (identifier) @name type: (_)? @type value: (_)? @value)
   (var_definition pattern: (identifier) @name type: (_)? @type value: (_)? @value)] @definition.constant)
(template_body
  [(val_definition pattern: (identifier) @name type: (_)? @type value: (_)? @value)
   (var_definition pattern: (identifier) @name type: (_)? @type value: (_)? @value)] @definition.constant)
(with_template_body
  [(val_definition pattern: (identifier) @name type: (_)? @type value: (_)? @value)
   (var_definition pattern: (identifier) @name type: (_)? @type value: (_)? @value)] @definition.constant)
(enum_body
  [(val_definition pattern: (identifier) @name type: (_)? @type value: (_)? @value)
   (var_definition pattern: (identifier) @name type: (_)? @type value: (_)? @value)] @definition.constant)
(val_declaration name: (identifier) @name type: (_) @type) @definition.constant
(var_declaration name: (identifier) @name type: (_) @type) @definition.constant
(class_definition
  "case"
  class_parameters: (class_parameters (class_parameter name: (_) @name type: (_) @type) @definition.constant))
(class_parameter ["val" "var"] name: (_) @name type: (_) @type) @definition.constant
(enum_definition
  name: (_) @type
  body: (enum_body
    (enum_case_definitions [(simple_enum_case name: (_) @name) (full_enum_case name: (_) @name)] @definition.constant)))

; Functions that are called on values of a type without being its members.
(extension_definition
  parameters: (parameters
    (parameter type: [(type_identifier) @receiver (generic_type type: (type_identifier) @receiver)]))
  body: (function_definition name: (_) @name) @definition.function)
(class_definition
  (modifiers) @_modifiers
  class_parameters: (class_parameters
    . (class_parameter type: [(type_identifier) @receiver (generic_type type: (type_identifier) @receiver)]))
  body: (template_body (function_definition name: (_) @name) @definition.function)
  (#match? @_modifiers "implicit"))
