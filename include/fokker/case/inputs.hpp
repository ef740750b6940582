#pragma once
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

/// The files that a case reads: where the case says, or in the folder of a run where its inputs/index.toml says, which
/// knows the copies that the run has kept, the files they were made from, and the SHA-256 of the bytes that were read.
namespace fokker {

inline constexpr const char* inputs_name = "inputs";              ///< in a run folder
inline constexpr const char* inputs_index_name = "index.toml";    ///< in that
inline constexpr std::uintmax_t largest_copy = 64 * 1024 * 1024;  ///< [bytes] of a file or a folder

struct CaseInput {
  std::string word;                           ///< as the case names it: a file, or the folder of an earlier run
  std::string name;                           ///< of the file or that folder below inputs/: no other input has it
  std::string file;                           ///< within that folder; empty: the word names a file
  std::string sha256;                         ///< of the bytes that were read; empty: nothing has been read
  std::uintmax_t bytes = 0;                   ///< that were read
  std::vector<std::filesystem::path> places;  ///< where it may be, the best one first

  /// As messages and summaries call it.
  [[nodiscard]] std::string text() const { return file.empty() ? word : word + "/" + file; }
  /// Its copy, seen from inputs/.
  [[nodiscard]] std::filesystem::path copy() const {
    return file.empty() ? std::filesystem::path(name) : std::filesystem::path(name) / file;
  }
};

/// The bytes of an input, from the first of its places that holds them: those of its sha256 where there is one. Throws
/// FileError, with what is wrong with each place.
[[nodiscard]] std::string read_input(const CaseInput& input);

/// Those that a word of the case stands for.
[[nodiscard]] std::vector<const CaseInput*> inputs_of(std::span<const CaseInput> inputs, const std::string& word);
/// What resolved.toml has for a word: inputs/NAME, or the word where nothing is known of it.
[[nodiscard]] std::string word_in_run_folder(std::span<const CaseInput> inputs, const std::string& word);

/// inputs/index.toml as text.
[[nodiscard]] std::string inputs_index(std::span<const CaseInput> inputs);
/// What the inputs/index.toml of a folder says; nothing where there is none, or none that a run wrote. Throws FileError
/// for one that is damaged.
[[nodiscard]] std::vector<CaseInput> read_inputs_index(const std::filesystem::path& folder);

/// Finds what the words of a case stand for, and keeps account of it.
class InputFinder {
 public:
  bool reads = true;     ///< false: `take` leaves the file alone, nothing is read
  bool goes_on = false;  ///< with the run in `folder`: what is asked for is what that has read

  /// Where relative words start from.
  explicit InputFinder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// The file of a word, which need not be there. A word of --set means what is there now, whatever an earlier run has
  /// read, unless the case goes on with that run. Throws FileError for a damaged index, and where a run folder could
  /// not tell the word from another's copy.
  [[nodiscard]] CaseInput file(const std::string& word, bool of_set);
  /// The frames density_NNNNNN.vti in the folder of a word, as many as there are. Throws FileError.
  [[nodiscard]] std::vector<CaseInput> frames(const std::string& word, bool of_set);
  /// Reads one and adds it to what was found. Throws FileError, also where a file of that word lies in a run folder
  /// that is not the one which the run has read: nobody knows which of them is meant.
  [[nodiscard]] std::string take(CaseInput input);
  [[nodiscard]] const std::vector<CaseInput>& found() const { return found_; }
  /// Files that may have been meant and were passed over, with what was taken in their place.
  [[nodiscard]] const std::vector<std::string>& passed_over() const { return passed_over_; }

 private:
  [[nodiscard]] std::vector<CaseInput> known(const std::string& word, bool of_set);
  void look_for_others(const CaseInput& input, const std::filesystem::path& taken);
  [[nodiscard]] std::string free_name(const std::filesystem::path& wanted, const std::string& word);

  std::filesystem::path folder_;
  bool index_read_ = false;
  std::vector<CaseInput> index_, found_;
  std::set<std::string> taken_{inputs_index_name};
  std::vector<std::string> passed_over_;
};

}  // namespace fokker
