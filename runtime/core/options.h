//===- options.h - the command line of one command --------------*- C++ -*-===//
//
// A command declares its options once; parsing, checks and --help follow from
// that. Both "--name value" and "--name=value" work. A wrong command line is
// one line on standard error and exit 2.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_OPTIONS_H
#define INGOT_RUNTIME_CORE_OPTIONS_H

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ingot::runtime {

class Options {
public:
  using Names = std::initializer_list<const char *>;

  /// `usage` follows the program's name in the first line of --help.
  Options(const char *usage, const char *description);

  void flag(Names names, const char *help, bool &value);
  void text(Names names, const char *argument, const char *help, std::optional<std::string> &value);
  /// May be given several times.
  void list(Names names, const char *argument, const char *help, std::vector<std::string> &values);
  void integer(Names names, const char *help, int64_t low, int64_t high, int64_t &value);
  void real(Names names, const char *help, double low, double high, double &value);
  /// An argument that is no option; `value` takes the only one allowed.
  void positional(const char *name, std::optional<std::string> &value);

  /// Prints help and exits with 0 if that is asked for.
  void parse(std::span<char *const> arguments);

private:
  struct Option {
    std::vector<std::string> names;
    const char *argument; ///< nullptr: takes none
    const char *help;
    std::function<void(const std::string &name, const std::string &value)> set;
  };
  const Option &find(const std::string &name) const;
  void printHelp() const;

  const char *usage;
  const char *description;
  std::vector<Option> options;
  const char *positionalName = nullptr;
  std::optional<std::string> *positionalValue = nullptr;
};

/// "1,2,3" as numbers from 0 to 2^31 - 1, white space allowed around the commas
/// and in their place; nothing if it is anything else.
std::optional<std::vector<int32_t>> parseTokens(const std::string &text);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_OPTIONS_H
