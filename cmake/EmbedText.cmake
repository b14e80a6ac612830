# Writes OUTPUT, a C++ file that defines NAME as the text of the files FILES, one after the other.
set(text "")
foreach(file ${FILES})
  file(READ ${file} part)
  string(APPEND text "${part}\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\nconst llvm::StringLiteral ${NAME} = R\"--TEXT--(${text})--TEXT--\";\n")
