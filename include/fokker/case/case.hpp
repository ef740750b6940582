#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/base/expression.hpp"
#include "fokker/case/inputs.hpp"
#include "fokker/case/point_table.hpp"
#include "fokker/grid/grid.hpp"
#include "fokker/model/density.hpp"
#include "fokker/model/formula_sde.hpp"
#include "fokker/model/schedule.hpp"

/// A case file as plain data: every default filled in, every formula parsed with parameters and definitions put in.
/// Knows no solver class.
namespace fokker {

struct InitialMixture {
  std::vector<Gaussian> components;
};  ///< gaussian = or mixture =
struct InitialFormula {
  Expression density;
  std::string text;
};
struct InitialPoint {
  std::vector<double> point;
};
struct InitialUniform {};
using Initial = std::variant<InitialMixture, InitialFormula, InitialPoint, InitialUniform>;

struct CaseScheme {
  std::string form = "drift_diffusion";
  std::string flux = "scharfetter_gummel";  ///< a row of the form; of drift_diffusion with score = flux_consistent
  std::string flux_chosen;                  ///< what "auto" took, and takes again; empty: it chooses
  // effective_drift only
  std::string score = "log_difference";
  int score_order = 2;           ///< of log_difference
  std::string table;             ///< of score = table: a run folder, as written; its frames are inputs
  std::string limiter;           ///< of muscl; filled in, empty for other rows
  std::string weights;           ///< of weno5; filled in, empty for other rows
  std::optional<bool> positive;  ///< absent: what flux and stepper together can promise
};

struct CaseTime {
  double end = 1;  ///< [t]
  std::string stepper = "auto";
  std::string stepper_chosen;       ///< what "auto" took, and takes again; empty: it chooses
  std::optional<double> tolerance;  ///< filled in for auto and adaptive steppers
  std::optional<double> dt;
};

/// Two times closer than this fraction of the span are one: they differ by rounding.
inline constexpr double same_time = 1e-12;

/// What a case asks of every density: int g p dx, or the probability of a condition.
struct CaseQuestion {
  std::string name;    ///< of axes, parameters and other questions it is none
  std::string text;    ///< TOML, as written
  Expression formula;  ///< of axes and t
  bool condition = false;
  [[nodiscard]] std::string key() const {
    return (condition ? "output.probabilities." : "output.expectations.") + name;
  }
};

/// What figures show in place of what is chosen for them.
struct CasePicture {
  std::vector<double> times = {};        ///< of frames; empty: those at which something happens
  std::vector<std::string> fields = {};  ///< empty: what the case is about
  bool log = false;                      ///< of densities
  std::string aspect = {};  ///< "free", "equal" (a unit of one axis as long as one of the other) or "": by units
  [[nodiscard]] bool wishes() const { return !times.empty() || !fields.empty() || log || !aspect.empty(); }
};

struct CaseOutput {
  std::vector<double> times;  ///< ascending, first 0, last end, no two of them the same (same_time)
  std::vector<std::string> fields{"p"};
  double series = 0;  ///< interval between rows of series.csv; the reader fills in a fiftieth of the first output time
  std::vector<CaseQuestion> questions;      ///< expectations, then probabilities
  std::vector<std::string> formats{"vti"};  ///< of frames
  bool marginals = false;                   ///< 2D: frames of what each axis alone has
  CasePicture picture;
};

struct CaseMonteCarlo {
  std::int64_t particles = 100'000;
  std::optional<double> dt;
  std::uint64_t seed = 1;
  std::string stepper = "euler_maruyama";
  std::optional<double> lambda;     ///< steppers with noise: member of the family of equal marginals
  std::optional<double> tolerance;  ///< filled in for adaptive steppers
  double steps_max = 2e9;           ///< of particles times noise sources; for steps that the program chooses
};

struct CaseLogLikelihood {
  std::int64_t points = 1000;
  std::uint64_t seed = 1;
  double tolerance = 1e-10;
};

struct CaseSpectral {
  double tolerance = 1e-10;  ///< estimated error per step, integral l1 norm
};

struct CaseCompare {
  bool exact_closed_form = false;           ///< exact = true
  std::optional<Expression> exact_formula;  ///< exact = "formula of axes and t"
  std::string exact_text;
  std::optional<CaseMonteCarlo> monte_carlo;
  std::optional<CaseSpectral> spectral;
  bool twin = false;  ///< the other form runs beside
  std::optional<CaseLogLikelihood> log_likelihood;
};

/// The time reversal from the end to 0 (theory section 3).
struct CaseReverse {
  std::vector<double> lambda{1};  ///< 1: the reverse SDE, 0: the reverse probability flow
  std::string score = "auto";     ///< exact where there is a closed form; exact, forward
  std::int64_t snapshots = 200;   ///< intervals of the forward run between which its score is interpolated
  std::string start = "forward";  ///< the density at the end; or prior
  std::string stepper = "auto";   ///< an implicit one serves lambda > 0 only
  double tolerance = 1e-6;
};

struct CaseCheck {
  std::string quantity;
  std::string against;                      ///< "", a witness, "reverse", or a CSV file as written
  bool of_reverse = false;                  ///< against = "reverse"
  std::shared_ptr<const PointTable> table;  ///< what that file holds; else null
  std::optional<double> at;                 ///< exactly one of output.times; the reader fills in the end
  bool timed = false;                       ///< the case says `at`
  std::optional<double> below, above, near, within;
  std::optional<Expression> of;  ///< expectation; absent where `of` names a question
  std::string of_text;           ///< as written; or the name of a question
  std::string axis;              ///< mean_velocity: its name
  std::string side;              ///< of the passage: empty where all are meant
  std::vector<double> point;     ///< p
  std::optional<double> lambda;  ///< of reverse; absent: the worst of all
  std::string where;             ///< file:line:column of the check
};

struct CaseCheckpoint {
  double every = 600;  ///< [s]; 0: when stopped only
};

/// An end before time.end, judged after every accepted step; exactly one of the three.
struct CaseStop {
  std::optional<double> stationary;  ///< [1/t] int |dp/dt| dx is below this part of the mass
  std::optional<Expression> when;    ///< a condition on t, mass and the names of the questions
  std::string when_text;             ///< as written
  std::string file;                  ///< that lies in the run folder
};

/// A side without an end: `range = [-inf, inf]`. The box is chosen when the case is built
/// (run/build/infinite_range.hpp), and the ends of the axis are finite from there on.
struct InfiniteSide {
  std::size_t axis = 0;
  int side = 0;       ///< 0 lower, 1 upper
  int enlarged = 0;   ///< how often the box was widened there
  bool kept = false;  ///< the box stays as it is: of a run that goes on to a later end
};

struct Case {
  std::filesystem::path file;          ///< as given
  std::string text;                    ///< the bytes of the file
  std::string sha256;                  ///< of `text`
  std::vector<std::string> overrides;  ///< --set, as given
  std::filesystem::path begun_in;      ///< the working directory, which files that --set names are seen from
  std::string title;
  std::vector<Axis> axes;
  std::vector<InfiniteSide> infinite;  ///< by axis, the lower side first
  SdeFormulas sde;
  /// Formulas as they stand in the file, with their names: path of the key -> TOML text (for resolved.toml).
  std::map<std::string, std::string, std::less<>> written;
  std::string model;                         ///< its name; empty where the formulas are the user's
  std::optional<Schedule> schedule;          ///< what a named model or [schedule] claims about the distribution
  std::string no_schedule;                   ///< why a named model claims nothing
  std::map<std::string, double> parameters;  ///< worked out
  std::vector<std::pair<std::string, std::string>> definitions;  ///< name -> TOML text, as written
  Initial initial;
  CaseScheme scheme;
  CaseTime time;
  CaseOutput output;
  CaseCompare compare;
  std::optional<CaseReverse> reverse;
  std::vector<CaseStop> stops;
  std::vector<CaseCheck> checks;
  std::vector<CaseInput> inputs;
  CaseCheckpoint checkpoint;
  std::vector<std::string> warnings;         ///< what is allowed but hardly meant: where, key, what
  bool has_initial = true, has_time = true;  ///< false: left out of a case that `steady` reads, stood for by defaults
  std::map<std::string, std::string> positions;  ///< dotted key -> file:line:column (or `--set key`)

  /// Where a key stands, for problems that are found later: that of the nearest table around it when the key itself was
  /// left to its default.
  [[nodiscard]] std::string where(std::string_view key) const;
};

/// A row of the table of particle steppers, as far as the reader must know it.
struct ParticleStepperName {
  std::string name;
  bool flow = false;      ///< no noise: lambda makes no sense
  bool adaptive = false;  ///< takes a tolerance instead of a dt
};

/// A row of the table of witnesses, as far as the reader must know it; its key is compare.NAME.
struct WitnessName {
  std::string_view name;
  bool both_signs = false;  ///< its density has noise of both signs: no reference for logarithms
};

/// A row of the table of quantities of checks, as far as the reader must know it.
struct Quantity {
  std::string_view name;
  bool compares = false;           ///< needs `against`
  std::string_view only = {};      ///< the one witness that can tell; "" where any can
  bool from_file = false;          ///< a table of point values is enough to tell
  std::string_view argument = {};  ///< the key that it cannot do without: of, point, axis, side
  bool any_side = false;           ///< `side` may be left out, for all of them
  bool dotted = false;             ///< stands for any name with a dot
  std::string_view needs = {};     ///< what the case must have set beside the witness: a path
  bool closed_form = false;        ///< of the exact witness: not one given as a formula
  bool of_logarithms = false;      ///< only against densities that are positive
  bool one_axis = false;
  std::optional<double> own_bound = {};  ///< a verdict: at least this, and no bound of the case
};

/// Throws a CaseError with one problem, at the point of `key`.
[[noreturn]] void refuse(const Case& config, const std::string& key, const std::string& text);

/// The names the reader may accept where a table lives in another module: flux and stepper rows.
struct Vocabulary {
  std::vector<std::string> fluxes;    ///< rows of the drift_diffusion form
  std::vector<std::string> steppers;  ///< without "auto"
  /// Those of them with an error estimate: a tolerance is filled in for them and is an error for the others. While it
  /// is empty, nothing is known about steppers.
  std::vector<std::string> adaptive_steppers = {};
  /// Rows of the effective_drift form, and what `limiter` and `weights` may be, the default first.
  std::vector<std::string> advective_fluxes = {}, limiters = {}, weights = {};
  std::vector<std::string> scores = {};  ///< where that form may take its score from
  std::vector<ParticleStepperName> particle_steppers = {};
  /// Those of `fluxes` that have no flux of single edges: not for flux_consistent.
  std::vector<std::string> wide_fluxes = {};
  /// Steppers that may run back (`reverse.stepper`).
  std::vector<std::string> reverse_steppers = {};
  std::vector<std::string> fields = {};     ///< what `output.fields` may name
  std::vector<WitnessName> witnesses = {};  ///< what a check may be held against, beside "reverse" and files
  std::vector<Quantity> quantities = {};    ///< what a check may bound
};

/// What a case is read for: a stationary density needs neither [initial] nor [time]; the record of either needs no
/// files beside, which are looked for when somebody asks for what they hold.
enum class CaseFor { run, steady, record };

/// Reads and validates a case. `overrides` are `key.path=value` of --set: the value is TOML or a bare word; axes go by
/// name, lists by index; a key takes out those of the file that it excludes (time.dt: time.tolerance), while two
/// overrides that exclude each other are an error. Throws CaseError with every problem at once,
/// each as file:line:column (or `--set key`), FileError when the file cannot be read. Safe on hostile input: nothing is
/// executed, memory and time are bounded (1 MiB of text, formula limits, at most 2^26 cells, 1e5 output times).
[[nodiscard]] Case load_case(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                             const Vocabulary& vocabulary, CaseFor use = CaseFor::run);
/// The same from text; `name` stands in messages, relative paths resolve against `folder`, those of --set against the
/// working directory. `begun_in`: that of a run which goes on in `folder`, whose files are those that it has read.
[[nodiscard]] Case parse_case(std::string_view text, const std::string& name, const std::filesystem::path& folder,
                              const std::vector<std::string>& overrides, const Vocabulary& vocabulary,
                              CaseFor use = CaseFor::run,
                              const std::optional<std::filesystem::path>& begun_in = std::nullopt);

/// A complete case file that loads to the same Case with every default written out.
[[nodiscard]] std::string resolved_toml(const Case& c);

}  // namespace fokker
