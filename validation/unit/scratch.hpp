#pragma once
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fokker {

/// A folder of its own for one test, gone afterwards; tests of other processes have others.
struct Scratch {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("fokker_test_" + std::to_string(getpid()));
  Scratch() { std::filesystem::create_directories(path); }
  ~Scratch() { std::filesystem::remove_all(path); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return path / name;
  }
};

}  // namespace fokker
