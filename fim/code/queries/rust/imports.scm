(use_declaration
  (visibility_modifier)? @reexport
  argument: [
    (scoped_identifier path: (_) @module name: (_) @name)
    (identifier) @module
    (scoped_use_list) @module
    (use_list) @module
    (use_wildcard (_) @module) @star
    (use_as_clause path: (identifier) @module alias: (identifier) @alias)
    (use_as_clause path: (scoped_identifier path: (_) @module name: (_) @name) alias: (identifier) @alias)]) @import

; A file of its own for a module: its name is bound here.
(mod_item name: (identifier) @module !body) @reexport
((attribute_item (attribute (identifier) @_path value: (string_literal (string_content) @module)))
  . (attribute_item)*
  . (mod_item name: (identifier) @alias !body) @reexport
  (#eq? @_path "path"))
(extern_crate_declaration name: (identifier) @module alias: (identifier)? @alias) @import
; Its macros are in scope in all modules that follow.
((attribute_item (attribute (identifier) @_use)) . (mod_item name: (identifier) @module !body) @star
  (#eq? @_use "macro_use"))
((attribute_item (attribute (identifier) @_use))
  . (attribute_item)
  . (mod_item name: (identifier) @module !body) @star
  (#eq? @_use "macro_use"))
