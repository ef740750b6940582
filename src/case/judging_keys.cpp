#include "fokker/case/words.hpp"
#include "rows.hpp"

// The keys of a case that judge its run: witnesses, time reversal, ends before the end, checks; and those of studies.
namespace fokker::input {
namespace {

std::vector<KeyRow> witness_keys() {
  return {
      key("compare", table(read_plain_table), "", "none", "independent solutions that p is held against: its witnesses",
          "", {.see = "`fokker list witnesses`; docs/validation.md"}),
      key("compare.exact", {KeyKind::switched, "true or a density formula of the axes and t", read_exact, write_exact},
          "1/X^d", "false",
          "the closed form where drift is linear and noise additive, or a density formula of axes and t",
          "\"exp(-x^2/2)/sqrt(2*pi)\"", {.see = "docs/decisions/0005-linear-laws.md"}),
      key("compare.monte_carlo",
          switched(&CaseCompare::monte_carlo, "of particles, seed, stepper, dt, steps_max, tolerance, lambda"), "",
          "false", "particles that follow the SDE, counted in the cells of the grid", "",
          {.verbs = of_marching, .see = "`fokker list particle_steppers`; docs/decisions/0015-verdicts.md"}),
      key("compare.monte_carlo.particles", integer(&CaseMonteCarlo::particles, 1, std::int64_t{1} << 30), "", "100000",
          "how many: the counting noise of a histogram falls as 1/sqrt(particles)", "1_000_000"),
      key("compare.monte_carlo.seed", integer(&CaseMonteCarlo::seed, 0, any), "", "1",
          "of the random numbers: the same seed, the same particles on any number of threads", "1", {.late = 2}),
      key("compare.monte_carlo.stepper",
          {KeyKind::word, "one of those that `list particle_steppers` names", read_particle_stepper,
           writer(&CaseMonteCarlo::stepper)},
          "", "euler_maruyama", "how particles are moved", "\"euler_maruyama\"", {.late = 2}),
      key("compare.monte_carlo.dt", {KeyKind::number, positive.text, read_particle_dt, writer(&CaseMonteCarlo::dt)},
          "t", "chosen by the program, or by the tolerance", "a fixed step of particles", "1e-3"),
      key("compare.monte_carlo.tolerance",
          {KeyKind::number, positive.text, read_particle_tolerance, writer(&CaseMonteCarlo::tolerance)}, "",
          "1e-8 where the stepper adapts",
          "the largest error of a step, in lengths of the box, of particle steppers that adapt", "1e-8", {.late = 1}),
      key("compare.monte_carlo.lambda",
          {KeyKind::number, not_negative.text, read_particle_lambda, writer(&CaseMonteCarlo::lambda)}, "", "1",
          "member of the family of equal marginals: 0 is the probability flow, 1 the SDE itself", "0.5",
          {.late = 1, .see = "Zhang & Chen, ICLR 2023 (arXiv 2204.13902)"}),
      key("compare.monte_carlo.steps_max", {KeyKind::number, positive.text, read_steps_max, write_steps_max}, "", "2e9",
          "the most that particles times noise sources times steps may be where the program chooses the steps", "2e9"),
      key("compare.log_likelihood", switched(&CaseCompare::log_likelihood, "of points, seed, tolerance"), "", "false",
          "log p carried along the probability flow and held against the closed form", "",
          {.late = 2, .verbs = of_marching, .see = "Song et al., ICLR 2021, section 4.3; Chen et al., NeurIPS 2018"}),
      key("compare.log_likelihood.points", integer(&CaseLogLikelihood::points, 1, 1'000'000), "", "1000",
          "the number of points that are carried", "1000"),
      key("compare.log_likelihood.seed", integer(&CaseLogLikelihood::seed, 0, any), "", "1", "of the random points",
          "1"),
      key("compare.log_likelihood.tolerance", number(&CaseLogLikelihood::tolerance, positive), "", "1e-10",
          "the largest error of a step", "1e-10"),
      key("compare.twin", {KeyKind::boolean, "true or false", boolean(&CaseCompare::twin).read, write_twin}, "",
          "false", "the other form of the equation runs beside as a witness", "true",
          {.late = 1, .verbs = of_marching, .see = "docs/decisions/0006-effective-drift.md"}),
      key("compare.spectral", switched(&CaseCompare::spectral, "with tolerance"), "", "false",
          "a Fourier solution on the same box", "",
          {.verbs = of_marching, .see = "docs/decisions/0007-spectral-witness.md"}),
      key("compare.spectral.tolerance", number(&CaseSpectral::tolerance, positive), "", "1e-10",
          "the largest error of a step, integral l1 norm", "1e-10"),
  };
}

std::vector<KeyRow> reversal_keys() {
  return {
      key("reverse", table(read_reverse, "a table", [](const Case& c) { return std::size_t{c.reverse.has_value()}; }),
          "", "none", "the time reversal: the run goes back from its end to 0", "",
          {.verbs = of_marching, .see = "Anderson, Stoch. Proc. Appl. 12 (1982) 313; Song et al., ICLR 2021, eq. (6)"}),
      key("reverse.lambda", {KeyKind::list, "a number >= 0, or up to 16 of them", read_lambdas, write_lambdas}, "", "1",
          "which member of the family: 1 is the reverse SDE, 0 the reverse probability flow; a list runs each",
          "[0, 1]", {.see = "Zhang & Chen, ICLR 2023 (arXiv 2204.13902)"}),
      key("reverse.score",
          word(
              &CaseReverse::score, [](const Vocabulary&) { return names_of(words("reverse_scores")); },
              "auto, exact or forward"),
          "", "auto", "where the score comes from: exact where there is a closed form, else the forward run",
          "\"forward\""),
      key("reverse.start",
          word(
              &CaseReverse::start, [](const Vocabulary&) { return names_of(words("reverse_starts")); },
              "forward or prior"),
          "", "forward", "the density at the end: that of the forward run, or the prior of the model", "\"prior\"",
          {.late = 1}),
      key("reverse.snapshots", integer(&CaseReverse::snapshots, 4, 100'000), "", "200",
          "intervals of the forward run between which its score is interpolated", "200"),
      key("reverse.tolerance", number(&CaseReverse::tolerance, positive), "", "1e-6", "the largest error of a step",
          "1e-6", {.late = 2}),
      key("reverse.stepper",
          word(
              &CaseReverse::stepper, [](const Vocabulary& words) { return with_auto(words.reverse_steppers); },
              "auto, or a stepper with an error estimate"),
          "", "auto", "what goes back; an implicit one serves lambda > 0 only", "\"tr_bdf2\"", {.late = 1}),
  };
}

std::vector<KeyRow> stop_keys() {
  return {
      key("stop", {KeyKind::tables, "[[stop]] tables", read_stops, {}, [](const Case& c) { return c.stops.size(); }},
          "", "none: the run goes to time.end",
          "what ends the run before time.end, whichever comes first: looked at after every accepted step, which stays "
          "as "
          "long as it is; a frame is written there, and checks without `at` are held there",
          "", {.verbs = "run, check, validate", .see = "docs/questions.md"}),
      key("stop.*.stationary",
          {KeyKind::number, positive.text, number(&CaseStop::stationary, positive).read, writer(&CaseStop::stationary)},
          "1/t", "none", "p has come to rest: int |dp/dt| dx is below this part of the mass", "1e-9",
          {.choice = "condition"}),
      key("stop.*.when",
          {KeyKind::formula, "a condition on t, mass and the names of output.expectations and output.probabilities",
           read_when, write_when},
          "", "none", "a condition holds; mass is what is left in the box", "\"mass < 0.01\"", {.choice = "condition"}),
      key("stop.*.file", {KeyKind::text, "the plain name of a file", read_stop_file, word_writer(&CaseStop::file)}, "",
          "none", "a file of that name lies in the run folder, put there by whoever wants the run to end", "\"STOP\"",
          {.choice = "condition"}),
  };
}

std::vector<KeyRow> check_keys() {
  return {
      key("check",
          {KeyKind::tables, "[[check]] tables", read_checks, {}, [](const Case& c) { return c.checks.size(); }}, "",
          "none",
          "bounds that the run must keep: the case is its own regression test, exit code 5 where one falls short", "",
          {.see = "`fokker list quantities`; docs/validation.md"}),
      key("check.*.quantity",
          {KeyKind::word, "one of those that `list quantities` names", read_quantity, writer(&CaseCheck::quantity)}, "",
          "required in every check", "what is bounded", "\"l1\""),
      key("check.*.against", {KeyKind::text, "a witness or a .csv file", read_against, write_against}, "",
          "required by quantities that compare",
          "what p is held against: a witness of [compare], reverse, or a .csv with columns of the axes and p",
          "\"exact\"", {.file_ending = ".csv"}),
      key("check.*.at", {KeyKind::number, "an output time", read_at, write_at}, "t", "time.end",
          "when: one of the output times", "4.0", {.late = 1}),
      key("check.*.below", bound(&CaseCheck::below), "of the quantity", "none",
          "the check fails where the quantity is above it", "2e-3",
          {.replaces = {"above", "near", "within"}, .late = 1}),
      key("check.*.above", bound(&CaseCheck::above), "of the quantity", "none",
          "the check fails where the quantity is below it", "0.9",
          {.replaces = {"below", "near", "within"}, .late = 1}),
      key("check.*.near", bound(&CaseCheck::near), "of the quantity", "none",
          "the check fails where the quantity is farther from it than within", "0.5",
          {.replaces = {"below", "above"}, .late = 1}),
      key("check.*.within", {KeyKind::number, not_negative.text, read_within, writer(&CaseCheck::within)},
          "of the quantity", "required by near", "the distance from near; alone it bounds the size of the quantity",
          "1e-3", {.replaces = {"below", "above"}, .late = 1}),
      key("check.*.of",
          {KeyKind::formula, "a formula of the axes, or a name of output.expectations", read_of, write_of}, "",
          "required by expectation", "what is averaged; a name of output.expectations or output.probabilities will do",
          "\"x^2\""),
      key("check.*.axis", {KeyKind::word, "the name of an axis", read_check_axis, word_writer(&CaseCheck::axis)}, "",
          "required by mean_velocity", "along which axis", "\"x\""),
      key("check.*.side",
          {KeyKind::word, "an absorbing side like \"x_upper\"", read_check_side, word_writer(&CaseCheck::side)}, "",
          "required by outflow; of passages all sides", "through which side", "\"x_upper\""),
      key("check.*.point", {KeyKind::list, "a list of numbers, one per axis", read_check_point, write_check_point}, "x",
          "required by p", "where p is taken", "[0.0]"),
      key("check.*.lambda", {KeyKind::number, not_negative.text, read_check_lambda, writer(&CaseCheck::lambda)}, "",
          "the worst of reverse.lambda", "which of the time reversals, with against = \"reverse\"", "0.5"),

      key("steady", table(read_plain_table), "", "none",
          "the case is for `fokker steady`: the density that no longer moves", "",
          {.verbs = "steady", .see = "docs/decisions/0003-stationary-weights.md"}),
      key("steady.periodic", {}, "", "none", "a density of one period of the coefficients", "1.0"),
      key("steady.branches", {}, "", "none", "one density per communicating class", "8"),
      key("steady.stability", {}, "", "none", "the slowest rate of return", "true"),
  };
}

}  // namespace

std::vector<KeyRow> with_judging_keys(std::vector<KeyRow> rows) {
  for (const auto& keys : {witness_keys(), reversal_keys(), stop_keys(), check_keys()})
    rows.insert(rows.end(), keys.begin(), keys.end());
  return rows;
}

}  // namespace fokker::input
