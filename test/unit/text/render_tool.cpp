//===- render_tool.cpp - Chat templates on the command line ---------------===//
//
// ingot-text-render: renders templates for given variables, so that test_templates.py can
// compare with jinja2. Reads one JSON object a line from standard input, {"template",
// "variables"}, and writes one a line: {"text"} or {"error"}, and "parse" if the template
// was not even parsed. The time is 2024-07-26 12:00.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/chat_template.h"
#include "runtime/text/template/json.h"

#include <iostream>

using namespace ingot::text;

int main() {
  std::tm now = {};
  now.tm_year = 124;
  now.tm_mon = 6;
  now.tm_mday = 26;
  now.tm_wday = 5;
  now.tm_yday = 207;
  now.tm_hour = 12;
  for (std::string line; std::getline(std::cin, line);) {
    jinja::Value request = jinja::parseJson(line);
    ChatTemplate chatTemplate;
    std::optional<std::string> error = chatTemplate.parse(request.dictionary().find("template")->string());
    const bool parsed = !error;
    std::string prompt;
    if (!error)
      error = chatTemplate.render(request.dictionary().find("variables")->dictionary(), now, prompt);
    jinja::Dictionary answer;
    answer.set("parsed", parsed);
    answer.set(error ? "error" : "text", error ? *error : prompt);
    std::cout << jinja::writeJson(jinja::Value(answer)) << "\n";
  }
  return 0;
}
