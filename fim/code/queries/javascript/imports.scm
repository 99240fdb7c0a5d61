; inherits: ecma
(export_statement "default" declaration: (_ name: (identifier) @name)) @reexport @default

; What the file itself has, as CommonJS exports it.
(assignment_expression
  left: (member_expression) @exports
  right: [(identifier) @name (new_expression constructor: (identifier) @name)
          (function_expression name: (identifier) @name) (class name: (identifier) @name)]
  (#eq? @exports "module.exports")) @reexport @default
(comment) @comment
