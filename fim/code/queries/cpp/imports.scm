(preproc_include path: [(string_literal) (system_lib_string)] @module) @import @star
; A type that is announced here stands in another file.
(translation_unit [
  (class_specifier name: (type_identifier) @name !body)
  (struct_specifier name: (type_identifier) @name !body)
  (template_declaration [
    (class_specifier name: (type_identifier) @name !body)
    (struct_specifier name: (type_identifier) @name !body)])] @import)
(declaration_list [
  (class_specifier name: (type_identifier) @name !body)
  (struct_specifier name: (type_identifier) @name !body)
  (template_declaration [
    (class_specifier name: (type_identifier) @name !body)
    (struct_specifier name: (type_identifier) @name !body)])] @import)
