#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/errors.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/catalogue.hpp"
#include "fokker/run/explain.hpp"

/// What shells and `man` want to know, from the tables of verbs, options and names.
namespace fokker {
namespace {

std::string words_of_verbs() {
  std::string words;
  for (const Verb& verb : verbs())
    if (verb.act != nullptr) words += fmt::format("{}{}", words.empty() ? "" : " ", verb.name);
  return words;
}

std::string words_of_options() {
  std::string words;
  for (const Option& option : options()) words += fmt::format("{}{}", words.empty() ? "" : " ", option.name);
  return words;
}

/// Names without spaces, each once.
std::string words_of(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::erase_if(names, [](const std::string& name) { return name.find_first_of(" '\"") != std::string::npos; });
  return fmt::format("{}", fmt::join(names, " "));
}

std::string bash_completion() {
  return fmt::format(
      R"(# fokker: completion for bash; source it, or put it into ~/.local/share/bash-completion/completions/fokker
_fokker() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" verb="" w
  COMPREPLY=()
  for w in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do [[ $w != -* ]] && {{ verb=$w; break; }}; done
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "{options}" -- "$word")); return; fi
  case $verb in
    "") COMPREPLY=($(compgen -W "{verbs}" -- "$word")); [[ -n $word ]] && COMPREPLY+=($(compgen -f -X '!*.toml' -- "$word")) ;;
    list) COMPREPLY=($(compgen -W "{topics}" -- "$word")) ;;
    explain) COMPREPLY=($(compgen -W "{names}" -- "$word")) ;;
    completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")) ;;
    info|compare) COMPREPLY=($(compgen -f -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -X '!*.toml' -- "$word") $(compgen -d -- "$word")) ;;
  esac
}}
complete -o filenames -F _fokker fokker
)",
      fmt::arg("options", words_of_options()), fmt::arg("verbs", words_of_verbs()),
      fmt::arg("topics", fmt::join(list_topics(), " ")), fmt::arg("names", words_of(explained_names())));
}

std::string zsh_completion() {
  std::string described;
  for (const Verb& verb : verbs())
    if (verb.act != nullptr) {
      std::string help(verb.help);
      std::erase(help, '\'');
      described += fmt::format(" '{}:{}'", verb.name, help);
    }
  return fmt::format(R"(#compdef fokker
# fokker: completion for zsh; put it as _fokker into a folder of $fpath
_fokker() {{
  local -a verbs=({verbs})
  local verb w
  for w in $words[2,CURRENT-1]; do [[ $w != -* ]] && {{ verb=$w; break }}; done
  if [[ $words[CURRENT] == -* ]]; then compadd -- {options}; return; fi
  case $verb in
    "") _describe verb verbs; _files -g '*.toml' ;;
    list) compadd -- {topics} ;;
    explain) compadd -- {names} ;;
    completion) compadd -- bash zsh fish ;;
    info|compare) _files ;;
    *) _files -g '*.toml' ;;
  esac
}}
_fokker "$@"
)",
                     fmt::arg("verbs", described), fmt::arg("options", words_of_options()),
                     fmt::arg("topics", fmt::join(list_topics(), " ")), fmt::arg("names", words_of(explained_names())));
}

std::string fish_quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return fmt::format("'{}'", out);
}

std::string fish_completion() {
  std::string text = R"fish(# fokker: completion for fish; put it into ~/.config/fish/completions/fokker.fish
complete -c fokker -f
complete -c fokker -n 'not __fish_seen_subcommand_from list explain completion info compare man' -a "(__fish_complete_path (commandline -ct) | string match -r '.*(?:\.toml|/)(?:\t.*)?\$')"
complete -c fokker -n '__fish_seen_subcommand_from info compare' -F
complete -c fokker -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
)fish";
  for (const Verb& verb : verbs())
    if (verb.act != nullptr)
      text +=
          fmt::format("complete -c fokker -n __fish_use_subcommand -a {} -d {}\n", verb.name, fish_quoted(verb.help));
  for (const Option& option : options()) {
    const std::string_view name = option.name;
    text += fmt::format("complete -c fokker {} {}{} -d {}\n", name.starts_with("--") ? "-l" : "-s",
                        name.substr(name.starts_with("--") ? 2 : 1), option.argument.empty() ? "" : " -r",
                        fish_quoted(option.help));
  }
  text +=
      fmt::format("complete -c fokker -n '__fish_seen_subcommand_from list' -a '{}'\n", fmt::join(list_topics(), " "));
  text +=
      fmt::format("complete -c fokker -n '__fish_seen_subcommand_from explain' -a '{}'\n", words_of(explained_names()));
  return text;
}

/// Text as troff takes it.
std::string troff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  const bool commands = out.starts_with('.') || out.starts_with('\'');
  return fmt::format("{}{}", commands ? "\\&" : "", out);
}

std::string manual() {
  std::string text = fmt::format(
      ".TH FOKKER 1\n.SH NAME\nfokker \\- solves Fokker\\-Planck equations from case files\n.SH SYNOPSIS\n.B fokker\n"
      "VERB [ARGUMENT...] [OPTION...]\n.SH DESCRIPTION\nSolves the Fokker\\-Planck equation of a case file on a grid "
      "of "
      "one or two axes and holds the density against independent witnesses.\nWithout arguments it runs a short "
      "demonstration.\n.SH VERBS\n");
  for (const Verb& verb : verbs())
    if (verb.act != nullptr)
      text += fmt::format(".TP\n.B {}\n{}\n", troff(fmt::format("{} {}", verb.name, verb.usage)), troff(verb.help));
  text += ".SH OPTIONS\n";
  for (const Option& option : options())
    text += fmt::format(".TP\n.B {}{}\n{}\n", troff(option.name),
                        option.argument.empty() ? "" : fmt::format(" {}", troff(option.argument)), troff(option.help));
  text += ".SH EXIT STATUS\n";
  for (const Document& row : catalogue("exit_codes"))
    text += fmt::format(".TP\n.B {}\n{}\n", row.title, troff(json_of(row)["is"].get<std::string>()));
  text += ".SH KEYS OF A CASE\n";
  for (const Document& row : catalogue("keys"))
    text += fmt::format(".TP\n.B {}\n{}\n", troff(row.title), troff(json_of(row)["is"].get<std::string>()));
  return text;
}

}  // namespace

int verb_completion(const Command& command) {
  const std::string shell = command.arguments.size() == 1 ? command.arguments[0] : "";
  const std::string text = shell == "bash"   ? bash_completion()
                           : shell == "zsh"  ? zsh_completion()
                           : shell == "fish" ? fish_completion()
                                             : "";
  if (text.empty()) throw UsageError("completion takes a shell: fokker completion bash | zsh | fish");
  say(command.json ? json_text(Json{{"shell", shell}, {"script", text}}) : text);
  return exit_ok;
}

int verb_man(const Command& command) {
  say(command.json ? json_text(Json{{"man", manual()}}) : manual());
  return exit_ok;
}

}  // namespace fokker
