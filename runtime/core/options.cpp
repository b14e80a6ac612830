//===- options.cpp - parsing and --help -----------------------------------===//

#include "runtime/core/options.h"
#include "runtime/core/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ingot::runtime {

Options::Options(const char *usage, const char *description) : usage(usage), description(description) {}

void Options::flag(Names names, const char *help, bool &value) {
  options.push_back({{names.begin(), names.end()}, nullptr, help, [&value](const std::string &, const std::string &) {
                       value = true;
                     }});
}

void Options::text(Names names, const char *argument, const char *help, std::optional<std::string> &value) {
  options.push_back(
      {{names.begin(), names.end()}, argument, help, [&value](const std::string &, const std::string &text) {
         value = text;
       }});
}

void Options::list(Names names, const char *argument, const char *help, std::vector<std::string> &values) {
  options.push_back(
      {{names.begin(), names.end()}, argument, help, [&values](const std::string &, const std::string &text) {
         values.push_back(text);
       }});
}

void Options::integer(Names names, const char *help, int64_t low, int64_t high, int64_t &value) {
  auto set = [&value, low, high](const std::string &name, const std::string &text) {
    const char *end = text.data() + text.size();
    int64_t parsed = 0;
    auto [stop, error] = std::from_chars(text.data(), end, parsed);
    if (error != std::errc() || stop != end || parsed < low || parsed > high)
      failUsage("%s: '%s' is no whole number from %lld to %lld", name.c_str(), text.c_str(),
                static_cast<long long>(low), static_cast<long long>(high));
    value = parsed;
  };
  options.push_back({{names.begin(), names.end()}, "N", help, set});
}

void Options::real(Names names, const char *help, double low, double high, double &value) {
  auto set = [&value, low, high](const std::string &name, const std::string &text) {
    char *end = nullptr;
    double parsed = strtod(text.c_str(), &end);
    if (text.empty() || *end || !(parsed >= low && parsed <= high))
      failUsage("%s: '%s' is no number from %g to %g", name.c_str(), text.c_str(), low, high);
    value = parsed;
  };
  options.push_back({{names.begin(), names.end()}, "X", help, set});
}

void Options::positional(const char *name, std::optional<std::string> &value) {
  positionalName = name;
  positionalValue = &value;
}

const Options::Option &Options::find(const std::string &name) const {
  for (const Option &option : options)
    if (std::find(option.names.begin(), option.names.end(), name) != option.names.end())
      return option;
  failUsage("unknown option '%s'; see --help", name.c_str());
}

void Options::parse(std::span<char *const> arguments) {
  bool optionsEnded = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string word = arguments[i];
    // "-" alone is a name of standard input.
    if (optionsEnded || word.size() < 2 || word[0] != '-') {
      if (!positionalValue)
        failUsage("unexpected argument '%s'; see --help", word.c_str());
      if (*positionalValue)
        failUsage("unexpected argument '%s': there is a %s already", word.c_str(), positionalName);
      *positionalValue = word;
      continue;
    }
    if (word == "--") {
      optionsEnded = true;
      continue;
    }
    if (word == "--help" || word == "-h") {
      printHelp();
      exit(0);
    }
    size_t equals = word.compare(0, 2, "--") == 0 ? word.find('=') : word.npos;
    std::string name = word.substr(0, equals);
    const Option &option = find(name);
    if (!option.argument) {
      if (equals != word.npos)
        failUsage("%s takes no value", name.c_str());
      option.set(name, {});
    } else if (equals != word.npos) {
      option.set(name, word.substr(equals + 1));
    } else if (i + 1 < arguments.size()) {
      option.set(name, arguments[++i]);
    } else {
      failUsage("%s needs a value (%s)", name.c_str(), option.argument);
    }
  }
}

void Options::printHelp() const {
  printf("usage: %s %s\n\n%s\n", programName(), usage, description);
  constexpr size_t column = 30;
  for (const Option &option : options) {
    std::string left = "  ";
    for (const std::string &name : option.names)
      left += (&name == option.names.data() ? "" : ", ") + name;
    if (option.argument)
      left += std::string(" ") + option.argument;
    if (&option == options.data())
      printf("\n");
    if (left.size() + 1 > column)
      printf("%s\n%*s%s\n", left.c_str(), int(column), "", option.help);
    else
      printf("%-*s%s\n", int(column), left.c_str(), option.help);
  }
}

std::optional<std::vector<int32_t>> parseTokens(const std::string &text) {
  std::vector<int32_t> tokens;
  const char *position = text.data();
  const char *end = position + text.size();
  auto isSpace = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  auto skipSpace = [&] {
    while (position < end && isSpace(*position))
      ++position;
  };
  skipSpace();
  while (position < end) {
    int32_t token = 0;
    auto [stop, error] = std::from_chars(position, end, token);
    if (error != std::errc() || token < 0)
      return std::nullopt;
    position = stop;
    skipSpace();
    bool comma = position < end && *position == ',';
    if (comma) {
      ++position;
      skipSpace();
    }
    bool separated = comma || isSpace(*(position - 1));
    if ((position < end && !separated) || (position == end && comma))
      return std::nullopt;
    tokens.push_back(token);
  }
  return tokens;
}

} // namespace ingot::runtime
