#include "fokker/output/checkpoint.hpp"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <cstdint>
#include <cstring>

#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/output/files.hpp"

namespace fokker {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kind = "fokker checkpoint 1\n", end_mark = "end of checkpoint\n";

void put(std::string& to, std::uint64_t number) { to.append(reinterpret_cast<const char*>(&number), sizeof number); }

/// What is left to read of a file.
class Rest {
 public:
  explicit Rest(std::string_view bytes) : bytes_(bytes) {}
  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size()) throw DamagedCheckpoint("it ends too early");
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  [[nodiscard]] std::string_view all() const { return bytes_; }

 private:
  std::string_view bytes_;
};

}  // namespace

std::string checkpoint_text(const std::vector<CheckpointBlock>& blocks) {
  std::string text(kind);
  put(text, blocks.size());
  for (const CheckpointBlock& block : blocks) {
    put(text, block.name.size());
    put(text, block.bytes.size());
    put(text, XXH3_64bits_withSeed(block.bytes.data(), block.bytes.size(),
                                   XXH3_64bits(block.name.data(), block.name.size())));
    text += block.name;
    text += block.bytes;
  }
  return text.append(end_mark);
}

std::vector<CheckpointBlock> parse_checkpoint(std::string_view bytes) {
  if (!bytes.starts_with(kind)) throw DamagedCheckpoint("it is no checkpoint of this version");
  Rest rest(bytes.substr(kind.size()));
  std::vector<CheckpointBlock> blocks;
  for (std::uint64_t left = rest.number(); left > 0; --left) {
    const std::uint64_t name_size = rest.number(), size = rest.number(), hash = rest.number();
    const std::string_view name = rest.take(name_size), content = rest.take(size);
    if (hash != XXH3_64bits_withSeed(content.data(), content.size(), XXH3_64bits(name.data(), name.size())))
      throw DamagedCheckpoint(fmt::format("block {} of it is not what was written", blocks.size() + 1));
    blocks.push_back({std::string(name), std::string(content)});
  }
  if (rest.all() != end_mark) throw DamagedCheckpoint("it does not end where it should");
  return blocks;
}

void write_checkpoint(const fs::path& folder, const std::vector<CheckpointBlock>& blocks, Durable durable) {
  Draft draft(folder / checkpoint_name);
  draft.write(checkpoint_text(blocks));
  std::error_code none;  // there may be none before
  fs::rename(folder / checkpoint_name, folder / previous_checkpoint_name, none);
  draft.keep(durable);
}

void remove_checkpoints(const fs::path& folder) {
  std::error_code none;
  for (const char* const name : {checkpoint_name, previous_checkpoint_name}) fs::remove(folder / name, none);
}

FoundCheckpoint find_checkpoint(const fs::path& folder) {
  FoundCheckpoint found;
  for (const char* const name : {checkpoint_name, previous_checkpoint_name}) {
    const fs::path file = folder / name;
    std::error_code unseen;
    if (!fs::exists(file, unseen)) continue;
    try {
      found.blocks = parse_checkpoint(read_file(file, std::size_t{1} << 40));
      found.file = name;
      return found;
    } catch (const DamagedCheckpoint& error) {
      found.damaged.push_back(fmt::format("{} is not whole: {}", file.string(), error.what()));
    }
  }
  return found;
}

}  // namespace fokker
