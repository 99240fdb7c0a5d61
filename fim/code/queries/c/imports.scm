(preproc_include path: [(string_literal) (system_lib_string)] @module) @import @star
; A type that is announced here stands in another file.
(translation_unit (struct_specifier name: (type_identifier) @name !body) @import)
