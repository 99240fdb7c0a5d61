; inherits: ecma
(export_statement "default" declaration: (_ name: [(identifier) (type_identifier)] @name)) @reexport @default

; What the file itself has, as CommonJS exports it.
(assignment_expression
  left: (member_expression) @exports
  right: [(identifier) @name (new_expression constructor: (identifier) @name)
          (function_expression name: (identifier) @name) (class name: (type_identifier) @name)]
  (#eq? @exports "module.exports")) @reexport @default

; `import x = require("./x")`, `export = x`, `import x = a.b`.
(import_statement (import_require_clause (identifier) @alias source: (string) @module)) @import
(export_statement "=" (identifier) @name) @reexport @default
