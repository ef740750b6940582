// Freezes the wording and the position of every message with which a case is refused: a person reads them at the worst
// moment, scripts parse file:line:column. Each row replaces one piece of a valid case (case_support.hpp) and states the
// complete answer: a second message, or one fewer, is a failure too.
#include <doctest/doctest.h>

#include "case_support.hpp"

namespace {

struct Row {
  std::string from, to, message;
};

const std::string gaussian = "gaussian = { mean = [-1.0, 0.0], covariance = [[0.05, 0.01], [0.01, 0.05]] }";
const std::string drift = R"(drift = ["-slope", "-a*y"])";
const std::string noise_q = R"(noise = [["s", 0], [0, "s"]]
noise_covariance = [[1, 0.5], [0.5, 1]])";
const std::string drift_noise = R"(drift = ["-slope", "-a*y"]
noise = [["s", 0], [0, "s"]]
noise_covariance = [[1, 0.5], [0.5, 1]])";
const std::string noise = R"(noise = [["s", 0], [0, "s"]])";
const std::string exact = R"~(exact = "exp(-x^2/(1 + t) - y^2)")~";
const std::string fields = R"(fields = ["p", "current"])";
const std::string flux = R"(flux = "scharfetter_gummel")";
const std::string range_x = R"(range = [-2.0, "2*pi"])";
const std::string q = "noise_covariance = [[1, 0.5], [0.5, 1]]";

const std::vector<Row> rows = {
    {"title =", "titel =",
     "c.toml:1:1: titel: unknown key; did you mean title? allowed: title, axis, sde, schedule, initial, scheme, "
     "time, output, checkpoint, compare, reverse, stop, check, steady"},
    {"cells = 64", "cell = 64",
     "c.toml:2:1: axis.x.cells: missing, must be an integer >= 2"
     "\n"
     "c.toml:5:1: axis.x.cell: unknown key; did you mean cells? allowed: name, range, cells, boundary, label, unit"},
    {"frames = 4", R"(frames = 4
frame = 3)",
     "c.toml:31:1: output.frame: unknown key; did you mean frames? allowed: frames, every, times, series, fields, "
     "formats, marginals, picture, expectations, probabilities"},
    {"seed = 7", "sede = 7",
     "c.toml:34:47: compare.monte_carlo.sede: unknown key; did you mean seed? allowed: particles, seed, stepper, "
     "dt, tolerance, lambda, steps_max"},
    {R"(interpretation = "ito")", R"(interpretation = "itto")",
     R"(c.toml:13:18: sde.interpretation: "itto" is unknown; did you mean ito? allowed: ito, stratonovich, klimontovich)"},
    {"[scheme]", "[shceme]",
     "c.toml:24:2: shceme: unknown key; did you mean scheme? allowed: title, axis, sde, schedule, initial, scheme, "
     "time, output, checkpoint, compare, reverse, stop, check, steady"},
    {"mean = [-1.0, 0.0]", "maen = [-1.0, 0.0]",
     "c.toml:23:12: initial.gaussian.mean: missing, must be a list of numbers, one per axis"
     "\n"
     "c.toml:23:14: initial.gaussian.maen: unknown key; did you mean mean? allowed: mean, covariance"},
    {R"(of = "x^2 + a")", R"(of = "x^2 + a"
about = 1)",
     "c.toml:43:1: check.1.about: unknown key, allowed: quantity, against, at, below, above, near, within, of, axis, "
     "side, point, lambda"},
    {R"(title = "Two axes")", "title = 5", "c.toml:1:9: title: an integer, must be a string"},
    {"cells = 64", "cells = true", "c.toml:5:9: axis.x.cells: a boolean, must be an integer >= 2"},
    {"cells = 64", "cells = 64.5", "c.toml:5:9: axis.x.cells: 64.5, must be an integer >= 2"},
    {"cells = 64", "cells = [64]", "c.toml:5:9: axis.x.cells: a list, must be an integer >= 2"},
    {"range = [-2.0, \"2*pi\"]\ncells = 64", "range = [1, 1.0000000000000002]",
     "c.toml:2:1: axis.x.cells: missing, must be an integer >= 2"},
    {"range = [-3, 3]", "range = -3", "c.toml:9:9: axis.y.range: an integer, must be a list of 2 numbers"},
    {"range = [-3, 3]", "range = [-3, 3, 4]", "c.toml:9:9: axis.y.range: a list of 3, must have 2"},
    {"range = [-3, 3]", "range = [-3, 2020-01-01]", "c.toml:9:14: axis.y.range.1: a date, must be a finite number"},
    {R"([scheme]
flux = "scharfetter_gummel")",
     R"([[scheme]]
flux = "scharfetter_gummel")",
     "c.toml:24:1: scheme: a list, must be a table"},
    {R"([scheme]
flux = "scharfetter_gummel")",
     "scheme = 3", "c.toml:24:1: initial.scheme: unknown key, allowed: gaussian, mixture, density, point, uniform"},
    {flux, "flux = 2", "c.toml:25:8: scheme.flux: an integer, must be a string"},
    {flux, R"(positive = "yes")", "c.toml:25:12: scheme.positive: a string, must be true or false"},
    {fields, R"(fields = "p")", "c.toml:31:10: output.fields: a string, must be a list"},
    {exact, "exact = true\nspectral = 5",
     "c.toml:34:12: compare.spectral: an integer, must be true or a table with tolerance"},
    {exact, "exact = true\nspectral = { tolerance = 0 }",
     "c.toml:34:26: compare.spectral.tolerance: 0, must be a number > 0"},
    {exact, "exact = true\nspectral = { tol = 1e-9 }",
     "c.toml:34:14: compare.spectral.tol: unknown key, allowed: tolerance"},
    {"monte_carlo = { particles = 1_000, dt = 1e-3, seed = 7 }", "monte_carlo = 5",
     "c.toml:34:15: compare.monte_carlo: an integer, must be true or a table of particles, seed, stepper, dt, "
     "steps_max, "
     "tolerance, lambda"},
    {exact, "exact = 5", "c.toml:33:9: compare.exact: an integer, must be true or a density formula of the axes and t"},
    {"cells = 64", "cells = 1", "c.toml:5:9: axis.x.cells: 1, must be an integer >= 2"},
    {"range = [-3, 3]", "range = [3, -3]",
     "c.toml:9:9: axis.y.range: [3, -3], the upper end must be greater than the lower"},
    {"range = [-3, 3]", "range = [inf, 0]", "c.toml:9:10: axis.y.range.0: inf, must be finite"},
    {"range = [-3, 3]", "range = [-1e308, 1.7e308]", "c.toml:9:9: axis.y.range: [-1e+308, 1.7e+308] is too wide"},
    {"range = [-3, 3]", "range = [1, 1.00000000000000044]",
     "c.toml:10:9: axis.y.cells: 32, the cells would be too narrow to tell apart"},
    {"end = 2.0", "end = 0", "c.toml:27:7: time.end: 0, must be a number > 0"},
    {"end = 2.0", "end = nan", "c.toml:27:7: time.end: nan, must be finite"},
    {"end = 2.0", "end = 5e-324",
     "c.toml:27:7: time.end: 5e-324, must lie in [1e-250, 1e+250]: take another unit of time"},
    {"tolerance = 1e-5", "tolerance = -1", "c.toml:28:13: time.tolerance: -1, must be a number > 0"},
    {"tolerance = 1e-5", "dt = 1e-12", "c.toml:28:6: time.dt: 1e-12 would take 2e+12 steps to 2, at most 1e+09"},
    {"frames = 4", "frames = 0", "c.toml:30:10: output.frames: 0, must be an integer from 1 to 100000"},
    {"frames = 4", "frames = 100001", "c.toml:30:10: output.frames: 100001, must be an integer from 1 to 100000"},
    {"frames = 4", "every = 1e-6", "c.toml:30:9: output.every: 1e-06 makes 2e+06 output times, at most 100000"},
    {"frames = 4", "every = 0", "c.toml:30:9: output.every: 0, must be a number > 0"},
    {"frames = 4", "times = [0.5, 0.25]",
     "c.toml:30:15: output.times.1: 0.25, must be greater than the time before it, 0.5"},
    {"frames = 4", "times = [0.5, 3]", "c.toml:30:15: output.times.1: 3, must be in [0, 2]"},
    {"particles = 1_000", "particles = 0",
     "c.toml:34:29: compare.monte_carlo.particles: 0, must be an integer from 1 to 1073741824"},
    {"dt = 1e-3", "dt = 0", "c.toml:34:41: compare.monte_carlo.dt: 0, must be a number > 0"},
    {"dt = 1e-3", "dt = 1e-20",
     "c.toml:34:41: compare.monte_carlo.dt: 1e-20 would take 2e+20 steps to 2, at most 1e+09"},
    {"seed = 7", "seed = -7", "c.toml:34:54: compare.monte_carlo.seed: -7, must be an integer >= 0"},
    {R"(within = "a/10")", "within = -1", "c.toml:44:10: check.1.within: -1, must be a number >= 0"},
    {"cells = 64", "cells = 1_000_000_000",
     "c.toml:2:1: axis: a grid of 32000000000 cells (256 GB per field), at most 67108864"},
    {"tolerance = 1e-5", R"(tolerance = 1e-5
dt = 1e-3)",
     "c.toml:29:6: time.dt: excludes time.tolerance, give one of them"},
    {"frames = 4", R"(frames = 4
every = 0.5)",
     "c.toml:31:9: output.every: excludes output.frames, give one of them"},
    {"frames = 4", R"(every = 0.5
times = [1])",
     "c.toml:31:9: output.times: excludes output.every, give one of them"},
    {"gaussian =", R"(uniform = true
gaussian =)",
     "c.toml:23:11: initial.uniform: excludes initial.gaussian, give one of them"},
    {drift, drift + R"(
potential = "x^2")",
     "c.toml:15:13: sde.potential: excludes sde.drift, give one of them"},
    {"noise_covariance", R"(diffusion = [[1, 0], [0, 1]]
noise_covariance)",
     "c.toml:16:13: sde.diffusion: excludes sde.noise, give one of them"},
    {drift, R"(potential = "x^2")", "c.toml:15:9: sde.noise: goes with drift; with potential give temperature"},
    {noise_q, "temperature = 1",
     "c.toml:15:15: sde.temperature: goes with potential; with drift give noise or diffusion"},
    {noise, "diffusion = [[1, 0], [0, 1]]", "c.toml:16:20: sde.noise_covariance: goes with noise only"},
    {"below = 2e-3", R"(below = 2e-3
above = 1)",
     "c.toml:40:9: check.0.above: excludes check.0.below, give one of them"},
    {"below = 2e-3", R"(below = 2e-3
within = 1)",
     "c.toml:40:10: check.0.within: goes with near or alone, not with below"},
    {R"(within = "a/10")", R"(within = 1
below = 1)",
     "c.toml:43:8: check.1.near: excludes check.1.below, give one of them"},
    {R"(end = 2.0
)",
     "", "c.toml:26:1: time.end: missing, must be a number > 0"},
    {R"([time]
end = 2.0
tolerance = 1e-5
)",
     "", "c.toml:1:1: time: missing, must be a table with end"},
    {R"(cells = 64
)",
     "", "c.toml:2:1: axis.x.cells: missing, must be an integer >= 2"},
    {R"(name = "x"
)",
     "", "c.toml:2:1: axis.0.name: missing, must be a name for the formulas"},
    {R"(range = [-3, 3]
)",
     "", "c.toml:7:1: axis.y.range: missing, must be a pair [lower, upper]"},
    {R"(boundary = "reflecting"
)",
     "", "c.toml:2:1: axis.x.boundary: missing, must be reflecting, absorbing, periodic or a pair of them"},
    {R"(drift = ["-slope", "-a*y"]
)",
     "", "c.toml:12:1: sde.drift: missing, must be a list of formulas, one per axis"},
    {R"(noise = [["s", 0], [0, "s"]]
noise_covariance = [[1, 0.5], [0.5, 1]]
)",
     "", "c.toml:12:1: sde.noise: missing, must be a matrix of formulas, one row per axis (or diffusion)"},
    {drift_noise, R"(potential = "x^2")", "c.toml:12:1: sde.temperature: missing, must be a number or a formula"},
    {drift_noise, "temperature = 1", "c.toml:12:1: sde.potential: missing, must be a formula"},
    {R"(gaussian = { mean = [-1.0, 0.0], covariance = [[0.05, 0.01], [0.01, 0.05]] }
)",
     "", "c.toml:22:1: initial: missing, must have one of gaussian, mixture, density, point, uniform"},
    {"mean = [-1.0, 0.0], ", "",
     "c.toml:23:12: initial.gaussian.mean: missing, must be a list of numbers, one per axis"},
    {R"(quantity = "l1"
)",
     "",
     "c.toml:35:1: check.0.quantity: missing, must be one of l1, l2, linf, kl, w1, ks, mean_error, covariance_error, "
     "agrees, z, ks_p_value, chi2_p_value, characteristic_error, l1_exact, own_error, log_likelihood_error, "
     "log_likelihood_error_grid, mass_error, min_p, expectation, p, mean_velocity, outflow, passage_mean, "
     "any member of summary.json by its dotted name, "
     "order"},
    {R"(against = "exact"
)",
     "", R"(c.toml:35:1: check.0.against: missing, must be "exact", "monte_carlo", "spectral", "twin" or a .csv file)"},
    {R"(below = 2e-3
)",
     "", "c.toml:35:1: check.0.below: missing, must have below, above, near with within, or within alone"},
    {R"(within = "a/10"
)",
     "", "c.toml:40:1: check.1.within: missing, must be a number >= 0, with near"},
    {R"(of = "x^2 + a"
)",
     "", "c.toml:40:1: check.1.of: missing, must be a formula of the axes, or a name of output.expectations"},
    {R"(name = "x")", R"(name = "t")", R"(c.toml:3:8: axis.0.name: "t" is reserved (t, e, pi and the functions are))"},
    {R"(name = "x")", R"(name = "sin")",
     R"(c.toml:3:8: axis.0.name: "sin" is reserved (t, e, pi and the functions are))"},
    {R"(name = "x")", R"(name = "2x")",
     R"(c.toml:3:8: axis.0.name: "2x" is not a name, must be letters, digits and _, a letter or _ first)"},
    {R"(name = "x")", R"(name = "y")",
     R"(c.toml:8:8: axis.1.name: "y" is taken, axes, parameters, definitions, expectations and probabilities need names of their own)"},
    {"a = 1.5", R"(a = 1.5
x = 2)",
     R"(c.toml:19:1: sde.parameters.x: "x" is taken, axes, parameters, definitions, expectations and probabilities need names of their own)"},
    {"slope =", R"(a = 2
slope =)",
     R"(c.toml:21:1: sde.definitions.a: "a" is taken, axes, parameters, definitions, expectations and probabilities need names of their own)"},
    {"slope =", R"(pi = 2
slope =)",
     R"(c.toml:21:1: sde.definitions.pi: "pi" is reserved (t, e, pi and the functions are))"},
    {"slope =", R"("é" = 2
slope =)",
     R"(c.toml:21:1: sde.definitions.é: "é" is not a name, must be letters, digits and _, a letter or _ first)"},
    {R"(boundary = "reflecting")", R"(boundary = "refelcting")",
     R"(c.toml:6:12: axis.x.boundary: "refelcting" is unknown; did you mean reflecting? allowed: reflecting, absorbing, periodic)"},
    {R"(boundary = "reflecting")", R"(boundary = ["periodic", "reflecting"])",
     "c.toml:6:12: axis.x.boundary: periodic on one side only, must be on both or neither"},
    {R"(boundary = "reflecting")", R"(boundary = ["absorbing"])",
     "c.toml:6:12: axis.x.boundary: a list of 1, must be one word or a pair [lower, upper]"},
    {R"(boundary = "reflecting")", R"(boundary = ["absorbing", "open"])",
     R"(c.toml:6:26: axis.x.boundary.1: "open" is unknown, allowed: reflecting, absorbing, periodic)"},
    {drift, R"(drift = ["-slope"])", "c.toml:14:9: sde.drift: a list of 1, must have 2, one formula per axis"},
    {drift, R"(drift = "-slope")", "c.toml:14:9: sde.drift: a string, must be a list"},
    {noise, R"(noise = [["s", 0]])", "c.toml:15:9: sde.noise: a list of 1, must have 2 rows"},
    {noise, R"(noise = [["s", 0], ["s"]])", "c.toml:15:20: sde.noise.1: a row of 1, must have 2"},
    {noise, "noise = [[], []]", "c.toml:15:10: sde.noise.0: a row of 0, must have 1"},
    {noise, R"(noise = ["s", "s"])",
     "c.toml:15:10: sde.noise.0: a string, must be a list"
     "\n"
     "c.toml:15:15: sde.noise.1: a string, must be a list"},
    {q, "noise_covariance = [[1]]", "c.toml:16:20: sde.noise_covariance: a list of 1, must have 2 rows"},
    {q, "noise_covariance = [[1, 0.5], [0.4, 1]]",
     "c.toml:16:20: sde.noise_covariance: not symmetric: entry 0.1 is 0.5 and entry 1.0 is 0.4"},
    {q, "noise_covariance = [[1, 2], [2, 1]]",
     "c.toml:16:20: sde.noise_covariance: not positive semidefinite: its smallest eigenvalue is -1"},
    {noise_q, R"(diffusion = [[1, "x"], ["y", 1]])",
     "c.toml:15:25: sde.diffusion.1.0: not symmetric: must equal sde.diffusion.0.1"},
    {noise_q, "diffusion = [[1, 2], [2, 1]]",
     "c.toml:15:13: sde.diffusion: not positive semidefinite in any cell: its smallest eigenvalue is -1"},
    {noise_q, "diffusion = [[1e13, 0], [0, -1]]",
     "c.toml:15:13: sde.diffusion: not positive semidefinite in any cell: entry 1.1 is -1"},
    {noise_q, "diffusion = [[1e13, 4e6], [4e6, 1]]",
     "c.toml:15:13: sde.diffusion: not positive semidefinite in any cell: its smallest eigenvalue is -0.6"},
    {noise_q, "diffusion = [[1]]", "c.toml:15:13: sde.diffusion: a list of 1, must have 2 rows"},
    {R"(interpretation = "ito"
drift = ["-slope", "-a*y"]
noise = [["s", 0], [0, "s"]]
noise_covariance = [[1, 0.5], [0.5, 1]])",
     R"(interpretation = "stratonovich"
drift = [0, 0]
diffusion = [[1, 0], [0, 1]])",
     "c.toml:13:18: sde.interpretation: stratonovich needs noise: in 2D diffusion alone does not fix it"},
    {drift_noise, R"(potential = "x^2"
temperature = -1)",
     "c.toml:15:15: sde.temperature: -1, must be a number >= 0 or a formula"},
    {"mean = [-1.0, 0.0]", "mean = [-1.0]", "c.toml:23:21: initial.gaussian.mean: a list of 1, must have 2"},
    {"covariance = [[0.05, 0.01], [0.01, 0.05]]", "covariance = [[0.05]]",
     "c.toml:23:47: initial.gaussian.covariance: a list of 1, must have 2 rows"},
    {"covariance = [[0.05, 0.01], [0.01, 0.05]]", "covariance = [[0.05, 0.06], [0.06, 0.05]]",
     "c.toml:23:47: initial.gaussian.covariance: not positive semidefinite: its smallest eigenvalue is -0.01"},
    {"covariance = [[0.05, 0.01], [0.01, 0.05]]", "covariance = [[0.05, 0.01], [0.02, 0.05]]",
     "c.toml:23:47: initial.gaussian.covariance: not symmetric: entry 0.1 is 0.01 and entry 1.0 is 0.02"},
    {gaussian,
     "mixture = [{ weight = 0.5, mean = [0, 0], covariance = [[1, 0], [0, 1]] }, { weight = 0.4, mean = [0, 0], "
     "covariance = [[1, 0], [0, 1]] }]",
     R"(c.toml:23:11: initial.mixture: the weights sum to 0.9, must sum to 1 ("1/3" is a number too))"},
    {gaussian, "mixture = [{ mean = [0, 0], covariance = [[1, 0], [0, 1]] }]",
     "c.toml:23:12: initial.mixture.0.weight: missing, must be a number > 0"},
    {gaussian, "mixture = []", "c.toml:23:11: initial.mixture: 0 components, must be 1 to 10000"},
    {gaussian, "point = [0, 3.5]", "c.toml:23:9: initial.point: y = 3.5 is outside the box, must be in [-3, 3]"},
    {gaussian, "uniform = false", "c.toml:23:11: initial.uniform: false, must be true (or leave the key out)"},
    {gaussian, R"(density = "-1")", "c.toml:23:11: initial.density: -1 everywhere, must be a density"},
    {gaussian, R"~(density = "exp(-x^2*t)")~",
     "c.toml:23:21: initial.density: depends on t, may depend on x and y only"},
    {drift, R"(drift = ["-slope", "-a*slopee"])",
     "c.toml:14:24: sde.drift.1: unknown name 'slopee'; did you mean 'slope'?"},
    {drift, R"(drift = ["-slop", "-a*y"])", "c.toml:14:12: sde.drift.0: unknown name 'slop'; did you mean 'slope'?"},
    {drift, R"(drift = ["-slope", "-a*(y"])", "c.toml:14:26: sde.drift.1: the '(' at column 4 is never closed"},
    {drift, R"(drift = ["-slope", true])", "c.toml:14:20: sde.drift.1: a boolean, must be a number or a formula"},
    {drift, R"~(drift = ["-slope", "1/(a - 1.5)"])~", "c.toml:14:20: sde.drift.1: is inf, must be finite"},
    {drift, R"(drift = ['-slope', '''
-a*y +
  slopee'''])",
     "c.toml:16:3: sde.drift.1: unknown name 'slopee'; did you mean 'slope'?"},
    {drift, R"(drift = ["-slope", "-a*\u0079 + slopee"])",
     "c.toml:14:20: sde.drift.1: unknown name 'slopee'; did you mean 'slope'?"},
    {range_x, R"(range = [-2.0, "2*x"])",
     "c.toml:4:19: axis.x.range.1: depends on x, must be constant (parameters, pi and e)"},
    {range_x, R"(range = [-2.0, "2*pj"])", "c.toml:4:19: axis.x.range.1: unknown name 'pj'; did you mean 'pi'?"},
    {range_x, R"(range = [-2.0, "slope"])",
     "c.toml:4:16: axis.x.range.1: depends on x, must be constant (parameters, pi and e)"},
    {"a = 1.5", R"(a = "s")", "c.toml:18:5: sde.parameters.a: refers to itself: a -> s -> a"},
    {"a = 1.5", R"(a = "a + 1")", "c.toml:18:5: sde.parameters.a: refers to itself: a -> a"},
    {"a = 1.5", R"(a = "2*x")", "c.toml:18:8: sde.parameters.a: depends on x, must be constant (parameters, pi and e)"},
    {"a = 1.5", R"~(a = "log(0)")~", "c.toml:18:6: sde.parameters.a: 'log(0)' is not a finite number"},
    {R"(slope = "x^3 - x")", R"(slope = "x*u"
u = "v"
v = "slope + 1")",
     "c.toml:21:9: sde.definitions.slope: refers to itself: slope -> u -> v -> slope"},
    {R"(of = "x^2 + a")", R"(of = "x^2 + t")", "c.toml:42:13: check.1.of: depends on t, may depend on x and y only"},
    {R"(quantity = "l1")", R"(quantity = "l3")",
     R"(c.toml:36:12: check.0.quantity: "l3" is unknown; did you mean l1? allowed: l1, l2, linf, kl, w1, ks, mean_error, covariance_error, agrees, z, ks_p_value, chi2_p_value, characteristic_error, l1_exact, own_error, log_likelihood_error, log_likelihood_error_grid, mass_error, min_p, expectation, p, mean_velocity, outflow, passage_mean, any member of summary.json by its dotted name, order)"},
    {R"(quantity = "l1")", R"(quantity = "z")", R"(c.toml:37:11: check.0.against: "exact", z is for "monte_carlo")"},
    {R"(quantity = "l1")", R"(quantity = "agrees")",
     R"(c.toml:37:11: check.0.against: "exact", agrees is for "monte_carlo"
c.toml:39:9: check.0.below: agrees takes no bound: it fails where z, KS and chi-square together differ (p below 1e-3))"},
    {R"(quantity = "l1")", R"(quantity = "w1")", "c.toml:36:12: check.0.quantity: w1 is for one axis"},
    {R"(quantity = "l1")", R"(quantity = "min_p")",
     "c.toml:37:11: check.0.against: min_p is a number of the run itself, leave against out"},
    {R"(against = "exact")", R"(against = "exat")",
     R"(c.toml:37:11: check.0.against: "exat" is unknown; did you mean exact? allowed: exact, monte_carlo, spectral, twin, reverse, a .csv file)"},
    {R"(against = "exact")", R"(against = "missing.csv")",
     R"(c.toml:37:11: check.0.against: "./missing.csv" is not a file that can be read)"},
    {R"~(exact = "exp(-x^2/(1 + t) - y^2)"
)~",
     "", "c.toml:36:11: check.0.against: needs compare.exact, which is not set"},
    {"at = 1.0", "at = 1.1", "c.toml:38:6: check.0.at: 1.1 is not an output time, nearest: 1 and 1.5"},
    {"at = 1.0", "at = -1", "c.toml:38:6: check.0.at: -1 is not an output time, nearest: 0"},
    {"at = 1.0", R"(at = 1.0
of = "x")",
     "c.toml:39:6: check.0.of: goes with expectation, not with l1"},
    {R"(quantity = "expectation")", R"(quantity = "p")",
     "c.toml:40:1: check.1.point: missing, must be a list of numbers, one per axis"
     "\n"
     "c.toml:42:6: check.1.of: goes with expectation, not with p"},
    {gaussian, R"(samples = "x.csv"
bandwidth = 0.1)",
     "c.toml:23:11: initial.samples: not available yet"
     "\n"
     "c.toml:24:13: initial.bandwidth: not available yet"},
    {gaussian, R"(image = "x.pgm")", "c.toml:23:9: initial.image: not available yet"},
    {flux, R"(score = "exact"
score_order = 4
limiter = "minmod")",
     "c.toml:25:9: scheme.score: has a meaning only with form = effective_drift"
     "\n"
     "c.toml:26:15: scheme.score_order: has a meaning only with form = effective_drift"
     "\n"
     "c.toml:27:11: scheme.limiter: has a meaning only with form = effective_drift"},
    {flux, R"(flux = "muscl")",
     R"(c.toml:25:8: scheme.flux: "muscl" is a row for form = effective_drift; allowed here: auto, scharfetter_gummel, upwind, central)"},
    {flux, R"(form = "effective_drift"
flux = "central"
score = "exct"
weights = "js")",
     R"(c.toml:26:8: scheme.flux: "central" is a row for form = drift_diffusion; allowed here: upwind, muscl, weno5)"
     "\n"
     R"(c.toml:27:9: scheme.score: "exct" is unknown; did you mean exact? allowed: log_difference, flux_consistent, spectral, exact, table)"
     "\n"
     "c.toml:28:11: scheme.weights: has a meaning only with flux = weno5"},
    {flux, R"(form = "effective_drift"
flux = "weno5"
score = "flux_consistent"
score_order = 4)",
     R"(c.toml:26:8: scheme.flux: "weno5" is a row for the other scores (flux_consistent divides the flux of a drift_diffusion row); allowed here: scharfetter_gummel, upwind, central)"
     "\n"
     "c.toml:28:15: scheme.score_order: has a meaning only with score = log_difference"},
    {flux, R"(form = "effective_drift"
flux = "auto")",
     R"(c.toml:26:8: scheme.flux: "auto" is a row for form = drift_diffusion; allowed here: upwind, muscl, weno5)"},
    {flux, R"(form = "effective_drift"
score = "table")",
     "c.toml:24:1: scheme.table: missing, must be the folder of an earlier run"},
    {flux, R"(form = "effective_drift"
table = "x")",
     "c.toml:26:9: scheme.table: has a meaning only with score = table"},
    {flux, R"(form = "effective_drift"
score_order = 3
limiter = "minmo")",
     "c.toml:26:15: scheme.score_order: 3, must be 2 or 4"
     "\n"
     R"(c.toml:27:11: scheme.limiter: "minmo" is unknown; did you mean minmod? allowed: huynh, minmod)"},
    {exact, R"(exact = true
twin = 1)",
     "c.toml:34:8: compare.twin: an integer, must be true or false"},
    {R"(against = "exact")", R"(against = "twin")",
     "c.toml:37:11: check.0.against: needs compare.twin, which is not set"},
    {R"(against = "exact")", R"(against = "spectral")",
     "c.toml:37:11: check.0.against: needs compare.spectral, which is not set"},
    {R"(quantity = "l1")", R"(quantity = "own_error")",
     R"(c.toml:37:11: check.0.against: "exact", own_error is for "spectral")"},
    {R"(quantity = "l1")", R"(quantity = "characteristic_error")",
     "c.toml:37:11: check.0.against: characteristic_error needs the closed form (compare.exact = true)"},
    {flux, R"(flux = "upwnd")",
     R"(c.toml:25:8: scheme.flux: "upwnd" is unknown; did you mean upwind? allowed: auto, scharfetter_gummel, upwind, central)"},
    {flux, R"(form = "drift")",
     R"(c.toml:25:8: scheme.form: "drift" is unknown, allowed: drift_diffusion, effective_drift)"},
    {"tolerance = 1e-5", R"(stepper = "tr_bdf")",
     R"(c.toml:28:11: time.stepper: "tr_bdf" is unknown; did you mean tr_bdf2? allowed: auto, euler, rk4, dopri5, tr_bdf2)"},
    {"tolerance = 1e-5", R"(tolerance = 1e-5
stepper = "rk4")",
     "c.toml:28:13: time.tolerance: rk4 has no error estimate, give dt or one of auto, dopri5, tr_bdf2"},
    {"seed = 7", R"(stepper = "milstein")",
     R"(c.toml:34:57: compare.monte_carlo.stepper: "milstein" is unknown, allowed: euler_maruyama, probability_flow, probability_flow_rk4)"},
    {"seed = 7", R"(stepper = "probability_flo")",
     R"(c.toml:34:57: compare.monte_carlo.stepper: "probability_flo" is unknown; did you mean probability_flow? allowed: euler_maruyama, probability_flow, probability_flow_rk4)"},
    {"seed = 7", R"(stepper = "probability_flow")",
     "c.toml:34:41: compare.monte_carlo.dt: probability_flow adapts its steps, give tolerance instead"},
    {"dt = 1e-3, seed = 7", R"(stepper = "probability_flow_rk4")",
     "c.toml:34:15: compare.monte_carlo.dt: missing, must be a number > 0, the step of probability_flow_rk4"},
    {"seed = 7", R"(lambda = 0.5, stepper = "probability_flow_rk4")",
     "c.toml:34:56: compare.monte_carlo.lambda: probability_flow_rk4 has no noise, lambda goes with euler_maruyama"},
    {"seed = 7", "lambda = -0.5", "c.toml:34:56: compare.monte_carlo.lambda: -0.5, must be a number >= 0"},
    {"seed = 7", "tolerance = 1e-6",
     "c.toml:34:59: compare.monte_carlo.tolerance: euler_maruyama has no error estimate, give dt or stepper "
     "probability_flow"},
    {"[compare]", "[compare]\nlog_likelihood = 3",
     "c.toml:33:18: compare.log_likelihood: an integer, must be true or a table of points, seed, tolerance"},
    {"[compare]", "[compare]\nlog_likelihood = { point = 5, tolerance = 0 }",
     "c.toml:33:20: compare.log_likelihood.point: unknown key; did you mean points? allowed: points, seed, tolerance"
     "\n"
     "c.toml:33:43: compare.log_likelihood.tolerance: 0, must be a number > 0"},
    {"[compare]", "[compare]\nlog_likelihood = { points = 0 }",
     "c.toml:33:29: compare.log_likelihood.points: 0, must be an integer from 1 to 1000000"},
    {R"(quantity = "l1"
against = "exact")",
     R"(quantity = "log_likelihood_error")",
     "c.toml:36:12: check.0.quantity: log_likelihood_error needs compare.log_likelihood, which is not set"},
    {fields, R"(fields = ["p", "curent"])",
     R"(c.toml:31:16: output.fields.1: "curent" is unknown; did you mean current? allowed: p, log_p, score, effective_drift, current, drift, entropy_production)"},
    {fields, R"(fields = ["p", "p"])", R"(c.toml:31:16: output.fields.1: "p" is there twice)"},
    {fields, "fields = []",
     "c.toml:31:10: output.fields: an empty list, allowed: p, log_p, score, effective_drift, current, drift, "
     "entropy_production"},
    {"cells = 64", "cells = ",
     "c.toml:5:9: not valid TOML: Error while parsing key-value pair: expected value, saw '\\n'; a key needs a value"},
    {"cells = 64", R"(cells = 64
cells = 65)",
     "c.toml:6:9: not valid TOML: Error while parsing key-value pair: cannot redefine existing integer 'cells'; a key "
     "stands once in its table"},
    {"frames = 4", R"(frames = 4
formats = ["vti", "hdf5"])",
     "c.toml:31:19: output.formats.1: \"hdf5\" is unknown, allowed: vti, csv, npy"},
    {"frames = 4", R"(frames = 4
formats = [])",
     "c.toml:31:11: output.formats: an empty list, allowed: vti, csv, npy"},
    {"frames = 4", R"(frames = 4
expectations = { a = "x", t = "x", b = "x", b2 = "z" })",
     R"(c.toml:31:18: output.expectations.a: "a" is taken, axes, parameters, definitions, expectations and probabilities need names of their own
c.toml:31:27: output.expectations.t: "t" is reserved (t, e, pi and the functions are)
c.toml:31:51: output.expectations.b2: unknown name 'z'; known here: t, x, y, a, s, slope, b, b2; new names stand in [sde.parameters] (numbers) or [sde.definitions] (formulas))"},
    {"frames = 4", R"(frames = 4
expectations = { q = "x" }
probabilities = { q = "x > 1" })",
     R"(c.toml:32:19: output.probabilities.q: "q" is taken, axes, parameters, definitions, expectations and probabilities need names of their own)"},
    {"frames = 4", R"(frames = 4
probabilities = "x > 1")",
     "c.toml:31:17: output.probabilities: a string, must be a table"},
    {R"(of = "x^2 + a")", R"(of = "x^2 + a"
axis = "x")",
     "c.toml:43:8: check.1.axis: goes with mean_velocity, not with expectation"},
    {R"(quantity = "expectation"                                   # line 41
of = "x^2 + a")",
     R"(quantity = "mean_velocity"
axis = "z")",
     R"(c.toml:42:8: check.1.axis: "z" is unknown, allowed: x, y)"},
    {R"(quantity = "expectation"                                   # line 41
of = "x^2 + a")",
     R"(quantity = "outflow"
side = "y_upper")",
     R"(c.toml:42:8: check.1.side: "y_upper" is unknown, allowed: y_lower)"},
    {R"(quantity = "expectation"                                   # line 41
of = "x^2 + a")",
     R"(quantity = "mass.final"
at = 1)",
     "c.toml:42:6: check.1.at: summary.json speaks of the end, leave at out"},
};

}  // namespace

TEST_CASE("the case that the rows take apart is accepted") { CHECK(case_support::refusal(case_support::good()) == ""); }

TEST_CASE("every fault is named with its position and its remedy") {
  for (const Row& row : rows) {
    INFO("replacing ", row.from, " by ", row.to);
    CHECK(case_support::refusal(case_support::with(row.from, row.to)) == row.message);
  }
}

TEST_CASE("all problems of a case come in one go and in the order of the file") {
  std::string text = case_support::with("cells = 64", "cells = 1");
  text = case_support::with("-a*y", "-a*slopee", text);
  text = case_support::with("end = 2.0", "end = -2", text);
  text = case_support::with("below = 2e-3", "bellow = 2e-3", text);
  CHECK(case_support::refusal(text) ==
        "c.toml:5:9: axis.x.cells: 1, must be an integer >= 2\n"
        "c.toml:14:24: sde.drift.1: unknown name 'slopee'; did you mean 'slope'?\n"
        "c.toml:27:7: time.end: -2, must be a number > 0\n"
        "c.toml:35:1: check.0.below: missing, must have below, above, near with within, or within alone\n"
        "c.toml:39:1: check.0.bellow: unknown key; did you mean below? "
        "allowed: quantity, against, at, below, above, near, within, of, axis, side, point, lambda");
}

TEST_CASE("a flux of four cells is for the drift-diffusion form alone") {
  fokker::Vocabulary words = case_support::words();
  words.fluxes.emplace_back("central4");
  words.wide_fluxes = {"central4"};
  const auto refusal = [&](const std::string& scheme) -> std::string {
    try {
      static_cast<void>(
          fokker::parse_case(case_support::with(R"(flux = "scharfetter_gummel")", scheme + "flux = \"central4\""),
                             "c.toml", ".", {}, words));
    } catch (const fokker::CaseError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refusal("") == "");
  CHECK(
      refusal("form = \"effective_drift\"\nscore = \"flux_consistent\"\n") ==
      R"(c.toml:27:8: scheme.flux: "central4" is a row for form = drift_diffusion (flux_consistent divides a flux of two cells); allowed here: scharfetter_gummel, upwind, central)");
  CHECK(
      refusal("form = \"effective_drift\"\n") ==
      R"(c.toml:26:8: scheme.flux: "central4" is a row for form = drift_diffusion; allowed here: upwind, muscl, weno5)");
}
