// How much memory there is: the least of what the machine, its control groups and its limits leave.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fokker/base/memory.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

// The files of a machine, as far as they are read.
struct Machine {
  fs::path root = fs::temp_directory_path() / ("fokker_test_memory_" + std::to_string(::getpid()));
  Machine() { write("proc/meminfo", "MemTotal: 900 kB\nMemAvailable:    500 kB\nSwapTotal: 20 kB\nSwapFree: 12 kB\n"); }
  ~Machine() { fs::remove_all(root); }
  void write(const char* file, const char* text) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
};

}  // namespace

TEST_CASE("memory: the machine itself and swap") {
  const Machine machine;
  CHECK(memory_there(machine.root).bytes == 512 * 1024);
  CHECK(memory_there(machine.root).limit == "this machine");
  CHECK(memory_there().bytes > 1e6);
}

TEST_CASE("memory: control groups of version 2 with a limit further up") {
  const Machine machine;
  machine.write("proc/self/cgroup", "0::/batch/job 7\n");
  machine.write("sys/fs/cgroup/batch/job 7/memory.max", "max\n");
  machine.write("sys/fs/cgroup/batch/job 7/memory.current", "1000\n");
  CHECK(memory_there(machine.root).bytes == 512 * 1024);
  machine.write("sys/fs/cgroup/batch/memory.max", "100000\n");
  machine.write("sys/fs/cgroup/batch/memory.current", "30000\n");
  machine.write("sys/fs/cgroup/batch/memory.stat", "anon 5\ninactive_file 7000\n");
  CHECK(memory_there(machine.root).bytes == 77000);
  CHECK(memory_there(machine.root).limit == "the control group");
  machine.write("sys/fs/cgroup/batch/memory.current", "300000\n");
  CHECK(memory_there(machine.root).bytes == 0);
}

TEST_CASE("memory: control groups of version 1 inside a container") {
  const Machine machine;
  machine.write("proc/self/cgroup", "5:cpu:/docker/abc\n4:memory:/docker/abc\n");
  machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  machine.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "10\n");
  CHECK(memory_there(machine.root).bytes == 512 * 1024);
  machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "400000\n");
  CHECK(memory_there(machine.root).bytes == 399990);
}
