#include "fokker/run/catalogue.hpp"

#include <fmt/format.h>

#include <utility>

#include "../build/scores.hpp"
#include "fokker/base/expression.hpp"
#include "fokker/case/keys.hpp"
#include "fokker/case/words.hpp"
#include "fokker/integrate/stepper.hpp"
#include "fokker/model/named_model.hpp"
#include "fokker/particles/steppers.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/quantities.hpp"
#include "fokker/run/witness.hpp"
#include "fokker/scheme/flux.hpp"
#include "fokker/scheme/reconstruction.hpp"
#include "glossary.hpp"

namespace fokker {

namespace {

/// A table row as `list` shows it: a name, and labelled sentences.
struct Entry {
  std::string name;
  std::vector<std::pair<std::string, std::string>> facts;
};

std::vector<Entry> list_fluxes() {
  std::vector<Entry> all{{"auto",
                          {{"form", "drift_diffusion"},
                           {"guarantee",
                            "central4_positive where grid, start and drift are smooth and second order would show, "
                            "upwind5_positive where they are smooth wherever the density comes and drift outweighs "
                            "diffusion (central4 and upwind5 with positive = false), else scharfetter_gummel; `fokker "
                            "check CASE` says which, why, and what each is expected to be off by"}}}};
  for (const char* form : {"drift_diffusion", "effective_drift"})
    for (const FluxScheme& row : fluxes(form))
      all.push_back({std::string(row.name),
                     {{"form", std::string(row.form)},
                      {"order", std::to_string(row.order)},
                      {"guarantee", std::string(row.guarantee)},
                      {"reference", std::string(row.reference)},
                      {"not when", std::string(row.when_not)}}});
  return all;
}

std::vector<Entry> list_steppers() {
  std::vector<Entry> all{
      {"auto", {{"guarantee", "keeps the promise of the flux row; `fokker check CASE` says what it takes and why"}}}};
  for (const StepperRow& row : steppers())
    all.push_back({std::string(row.name),
                   {{"order", row.order == 0 ? "exact to the tolerance" : std::to_string(row.order)},
                    {"step", row.adaptive ? "adaptive (time.tolerance) or fixed (time.dt)" : "fixed (time.dt)"},
                    {"guarantee", std::string(row.guarantee)},
                    {"reference", std::string(row.reference)},
                    {"not when", std::string(row.when_not)}}});
  return all;
}

std::vector<Entry> list_models() {
  std::vector<Entry> all;
  for (const ModelRow& row : models())
    all.push_back({std::string(row.name),
                   {{"f", std::string(row.f)},
                    {"g", std::string(row.g)},
                    {"keys", std::string(row.keys)},
                    {"closed", std::string(row.closed_form)},
                    {"reference", std::string(row.reference)},
                    {"not when", std::string(row.when_not)}}});
  return all;
}

std::vector<Entry> list_particle_steppers() {
  std::vector<Entry> all;
  for (const ParticleStepperRow& row : particle_steppers())
    all.push_back({std::string(row.name),
                   {{"order", std::to_string(row.order)},
                    {"step", row.adaptive ? "adaptive (tolerance)"
                             : row.flow   ? "fixed (dt)"
                                          : "dt, or chosen"},
                    {"guarantee", std::string(row.guarantee)},
                    {"reference", std::string(row.reference)},
                    {"not when", std::string(row.when_not)}}});
  return all;
}

std::vector<Entry> list_fields() {
  std::vector<Entry> all;
  for (const FieldRow& row : field_rows()) all.push_back({std::string(row.name), {{"is", std::string(row.doc)}}});
  all.push_back({mask_field,
                 {{"is",
                   "comes with score and effective_drift: 1 where p is above 2.2e-16 of its maximum, so that double "
                   "precision carries it"}}});
  return all;
}

std::vector<Entry> list_quantities() {
  std::vector<Entry> all;
  std::string_view doc;
  for (const QuantityRow& row : quantity_rows()) {
    if (row.doc == doc)
      all.back().name += fmt::format(", {}", row.quantity.name);
    else
      all.push_back({std::string(row.quantity.name), {{"is", std::string(row.doc)}}});
    doc = row.doc;
  }
  return all;
}

std::vector<Entry> list_solvers() {
  return {
      {"tridiagonal, cyclic tridiagonal",
       {{"for", "implicit steps in 1D"},
        {"guarantee", "p >= 0 for p >= 0, every cell to a small relative error (pivots without subtraction)"},
        {"reference", "Grassmann, Taksar and Heyman 1985; O'Cinneide 1993"}}},
      {"sparse LU",
       {{"for", "implicit steps in 2D wherever p >= 0 is kept; stationary densities that nothing else suits"},
        {"guarantee", "p >= 0 for p >= 0"},
        {"reference", "Demmel et al. 1999 (Eigen)"},
        {"not when", "large grids: 256 MB and seconds at 512 x 512"}}},
      {"multigrid",
       {{"for", "implicit steps in 2D with scheme.positive = false; stationary densities in 2D"},
        {"guarantee", "steps: residual below 1e-10 in the l1 norm; stationary: every cell to a relative 1e-10, p >= 0"},
        {"reference", "Brandt 1977; flexible GMRES of Saad 1993"},
        {"not when", "odd numbers of cells; tensors whose edge offsets vary from cell to cell"}}},
      {"detailed balance",
       {{"for", "stationary densities whose every edge carries as much forth as back (any potential)"},
        {"guarantee", "the exact distribution of the discrete chain"},
        {"reference", "Kolmogorov 1936"}}},
      {"elimination",
       {{"for", "stationary densities in 1D and on small planes"},
        {"guarantee", "every cell to a small relative error, however rare the exchange between wells"},
        {"reference", "Grassmann, Taksar and Heyman 1985"}}}};
}

std::vector<Entry> list_functions() {
  std::vector<Entry> all;
  for (const ExpressionName& row : expression_names())
    all.push_back({std::string(row.name), {{"is", std::string(row.doc)}}});
  return all;
}

std::vector<Entry> list_reconstructions(std::string_view key) {
  std::vector<Entry> all;
  for (const ReconstructionRow& row : reconstructions())
    if (row.key == key)
      all.push_back({std::string(row.name), {{"is", std::string(row.doc)}, {"reference", std::string(row.reference)}}});
  return all;
}
std::vector<Entry> list_limiters() { return list_reconstructions("limiter"); }
std::vector<Entry> list_weights() { return list_reconstructions("weights"); }

std::vector<Entry> list_scores() {
  std::vector<Entry> all;
  for (const ScoreRow& row : scores()) all.push_back({std::string(row.name), {{"is", std::string(row.doc)}}});
  return all;
}

std::vector<Entry> list_witnesses() {
  std::vector<Entry> all;
  for (const WitnessRow& row : witness_rows()) {
    const std::string key = fmt::format("compare.{}", row.name);
    all.push_back({std::string(row.name), {{"is", std::string(find_key(key)->doc)}, {"key", key}}});
  }
  return all;
}

std::vector<Entry> list_schedules() {
  std::vector<Entry> all;
  for (const UsualRate& row : schedules())
    all.push_back({std::string(row.name), {{"beta", std::string(row.beta)}, {"of", "vp, sub_vp"}}});
  return all;
}

template <const char* list>
std::vector<Entry> list_words() {
  std::vector<Entry> all;
  for (const WordRow& row : words(list)) {
    all.push_back({std::string(row.name), {{"is", std::string(row.doc)}}});
    if (!row.also.empty()) all.back().facts.emplace_back("elsewhere", row.also);
  }
  return all;
}

std::vector<Entry> list_terms() {
  std::vector<Entry> all;
  for (const TermRow& row : terms()) {
    all.push_back({std::string(row.name), {{"is", std::string(row.doc)}}});
    if (!row.see.empty()) all.back().facts.emplace_back("see", row.see);
    all.back().facts.emplace_back("source", row.source);
  }
  return all;
}

std::vector<Entry> list_formats() {
  return {{"vti", {{"is", "a frame for ParaView: cell data of a uniform grid, double precision, compressed"}}},
          {"pvd", {{"is", "the frames with their times: what ParaView opens"}}},
          {"py", {{"is", "view.py: opens a run in ParaView, pvpython view.py --out view.png or File > Load State"}}},
          {"npy", {{"is", "a frame for numpy.load: p as float64, shape (nx,) or (nx, ny) in C order"}}},
          {"csv",
           {{"is", "series.csv and passage.csv; tables of points and p that checks read: columns of the axes and p"}}},
          {"toml", {{"is", "cases, as given and resolved"}}},
          {"json", {{"is", "summary.json; what verbs print with --json"}}},
          {"checkpoint",
           {{"is", "the state of a run to the bit, for `fokker resume`; the one before is checkpoint.previous"}}},
          {"mtx", {{"is", "MatrixMarket: the matrix of `fokker operator`, its volumes and outflow rates"}}},
          {"png", {{"is", "pictures of a run"}}}};
}

std::vector<Entry> list_exit_codes() {
  return {{"0", {{"is", "done, and every check holds"}}},
          {"1", {{"is", "an error of the program itself"}}},
          {"2", {{"is", "the command line or the case is wrong; nothing was written"}}},
          {"3", {{"is", "a file cannot be read or written"}}},
          {"4",
           {{"is",
             "a numerical failure: values that are not finite, negative where p >= 0 was promised, steps "
             "that shrink to nothing"}}},
          {"5", {{"is", "a check fell short"}}},
          {"6", {{"is", "stopped early"}}}};
}

std::vector<Entry> list_keys() {
  std::vector<Entry> all;
  for (const KeyRow& row : case_keys()) all.push_back({key_name(row), {{"is", std::string(row.doc)}}});
  return all;
}

Document document(const Entry& entry) {
  Document all{entry.name, {{.findings = {{"name", entry.name}}, .label_width = 10, .indent = 4}}};
  for (const auto& [label, text] : entry.facts) all.sections[0].findings.push_back({label, text, label, text});
  return all;
}

struct Topic {
  const char* name;
  std::vector<Entry> (*entries)();
};
constexpr char interpretations[] = "interpretations", boundaries[] = "boundaries", forms[] = "forms",
               reverse_scores[] = "reverse_scores", reverse_starts[] = "reverse_starts";
constexpr Topic topics[] = {{"fluxes", list_fluxes},
                            {"steppers", list_steppers},
                            {"particle_steppers", list_particle_steppers},
                            {"solvers", list_solvers},
                            {"models", list_models},
                            {"schedules", list_schedules},
                            {"fields", list_fields},
                            {"quantities", list_quantities},
                            {"witnesses", list_witnesses},
                            {"forms", list_words<forms>},
                            {"scores", list_scores},
                            {"limiters", list_limiters},
                            {"weights", list_weights},
                            {"interpretations", list_words<interpretations>},
                            {"boundaries", list_words<boundaries>},
                            {"reverse_scores", list_words<reverse_scores>},
                            {"reverse_starts", list_words<reverse_starts>},
                            {"functions", list_functions},
                            {"formats", list_formats},
                            {"exit_codes", list_exit_codes},
                            {"keys", list_keys},
                            {"words", list_terms}};

}  // namespace

std::vector<std::string> catalogue_topics() {
  std::vector<std::string> names;
  for (const Topic& topic : topics) names.emplace_back(topic.name);
  return names;
}

std::vector<std::string> catalogue_names(std::string_view topic) {
  std::vector<std::string> names;
  for (const Topic& known : topics) {
    if (topic != known.name) continue;
    for (const Entry& entry : known.entries())  // "l1, l2, linf" are three
      for (std::string_view rest = entry.name; !rest.empty();) {
        const std::size_t end = std::min(rest.find(", "), rest.size());
        names.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 2, rest.size()));
      }
  }
  return names;
}

std::vector<Document> catalogue(std::string_view topic) {
  std::vector<Document> all;
  for (const Topic& known : topics)
    if (topic == known.name)
      for (const Entry& entry : known.entries()) all.push_back(document(entry));
  return all;
}

}  // namespace fokker
