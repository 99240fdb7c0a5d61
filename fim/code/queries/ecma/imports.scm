(import_statement (import_clause (identifier) @alias) source: (string) @module) @import @default
(import_statement (import_clause (namespace_import (identifier) @alias)) source: (string) @module) @import
(import_statement
  (import_clause (named_imports (import_specifier name: (_) @name alias: (_)? @alias)))
  source: (string) @module) @import
(export_statement (export_clause (export_specifier name: (_) @name alias: (_)? @alias)) source: (string) @module)
  @import @reexport
(export_statement "*" (string) @module) @import @reexport @star
(export_statement (namespace_export (_) @alias) source: (string) @module) @import @reexport

; What the file itself has, under another name.
(export_statement (export_clause (export_specifier name: (_) @name alias: (_) @alias)) !source) @reexport
(export_statement (export_clause (export_specifier name: (_) @name !alias)) !source) @reexport
(export_statement "default" value: (identifier) @name) @reexport @default
(export_statement "default" value: (call_expression arguments: (arguments . (identifier) @name .))) @reexport @default
(export_statement "default" value: (call_expression function: (call_expression) arguments: (arguments (identifier) @name)))
  @reexport @default

; CommonJS.
(variable_declarator
  name: (identifier) @alias
  value: (call_expression function: (identifier) @require arguments: (arguments (string) @module))
  (#eq? @require "require")) @import
(variable_declarator
  name: (identifier) @alias
  value: (member_expression
    object: (call_expression function: (identifier) @require arguments: (arguments (string) @module))
    property: (property_identifier) @name)
  (#eq? @require "require")) @import
(variable_declarator
  name: (object_pattern (shorthand_property_identifier_pattern) @name)
  value: (call_expression function: (identifier) @require arguments: (arguments (string) @module))
  (#eq? @require "require")) @import
(variable_declarator
  name: (object_pattern (pair_pattern key: (property_identifier) @name value: (identifier) @alias))
  value: (call_expression function: (identifier) @require arguments: (arguments (string) @module))
  (#eq? @require "require")) @import
(assignment_expression
  left: (member_expression property: (property_identifier) @exports) @left
  right: (call_expression function: (identifier) @require arguments: (arguments (string) @module))
  (#eq? @require "require") (#eq? @left "module.exports")) @import @reexport @star
(assignment_expression
  left: (member_expression object: (_) @exports property: (property_identifier) @alias)
  right: (call_expression function: (identifier) @require arguments: (arguments (string) @module))
  (#eq? @require "require") (#any-of? @exports "exports" "module.exports")) @import @reexport
(assignment_expression
  left: (member_expression object: (_) @exports property: (property_identifier) @alias)
  right: (member_expression
    object: (call_expression function: (identifier) @require arguments: (arguments (string) @module))
    property: (property_identifier) @name)
  (#eq? @require "require") (#any-of? @exports "exports" "module.exports")) @import @reexport
(assignment_expression
  left: (member_expression object: (identifier) @module_ property: (property_identifier) @name)
  right: [(function_expression !name) (arrow_function) (class !name) (call_expression arguments: (arguments (object)))]
  (#eq? @module_ "module") (#eq? @name "exports")) @reexport @default
(variable_declarator
  name: (identifier) @name
  value: (assignment_expression left: (member_expression) @exports)
  (#eq? @exports "module.exports")) @reexport @default
(variable_declarator
  name: (identifier) @name
  value: (assignment_expression right: (assignment_expression left: (member_expression) @exports))
  (#eq? @exports "module.exports")) @reexport @default
(assignment_expression
  left: (member_expression object: (_) @exports property: (property_identifier) @alias)
  right: (identifier) @name
  (#any-of? @exports "exports" "module.exports")) @reexport
(assignment_expression
  left: (member_expression) @exports
  right: (object (shorthand_property_identifier) @name)
  (#eq? @exports "module.exports")) @reexport
(assignment_expression
  left: (member_expression) @exports
  right: (object (pair key: (property_identifier) @alias value: (identifier) @name))
  (#eq? @exports "module.exports")) @reexport
(assignment_expression
  left: (member_expression) @exports
  right: (object
    (pair
      key: (property_identifier) @alias
      value: (call_expression function: (identifier) @require arguments: (arguments (string) @module))))
  (#eq? @require "require") (#eq? @exports "module.exports")) @import @reexport
(assignment_expression
  left: (member_expression) @exports
  right: (object
    (spread_element (call_expression function: (identifier) @require arguments: (arguments (string) @module))))
  (#eq? @require "require") (#eq? @exports "module.exports")) @import @reexport @star

; Loaded when needed.
(variable_declarator
  name: (identifier) @alias
  value: (await_expression (call_expression function: (import) arguments: (arguments (string) @module)))) @import
(variable_declarator
  name: (object_pattern (shorthand_property_identifier_pattern) @name)
  value: (await_expression (call_expression function: (import) arguments: (arguments (string) @module)))) @import
