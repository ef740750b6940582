#include "glossary.hpp"

namespace fokker {
namespace {

constexpr TermRow rows[] = {
    {"fokker-planck equation",
     "dp/dt = -div(f p) + sum of d^2 (D_ij p)/dx_i dx_j: how the density p of X moves where dX = f dt + G dW and "
     "D = G Q G^T/2; also: Kolmogorov forward equation, Smoluchowski equation, Klein-Kramers equation",
     "sde, scheme.form",
     "Risken, The Fokker-Planck Equation (1989), chapter 4; Gardiner, Stochastic Methods (2009), chapter 5"},
    {"drift", "f, the mean velocity of X where it stands; in the Ito sense as `check` and the field drift show it",
     "sde.drift, interpretation", "Risken 1989, chapter 3"},
    {"diffusion", "D = G Q G^T/2: the covariance of X grows by 2 D dt; where it varies, see interpretation",
     "sde.noise, sde.diffusion", "Risken 1989, chapter 3"},
    {"effective drift",
     "F = f - div D - D grad log p = J/p: the velocity that moves p alone as drift and diffusion do together; of the "
     "probability flow",
     "scheme.form, scheme.score; docs/decisions/0006-effective-drift.md",
     "Maoutsa, Reich & Opper, Entropy 22 (2020) 802; Song et al., ICLR 2021, eq. (13)"},
    {"score", "grad log p: the direction in which p grows, as a rate", "scheme.score, output.fields",
     "Hyvarinen, J. Mach. Learn. Res. 6 (2005) 695"},
    {"probability flow", "dx/dt = F(x, t): paths without noise that have p as their density at every time",
     "effective drift, compare.log_likelihood, compare.monte_carlo.stepper", "Song et al., ICLR 2021, eq. (13)"},
    {"lambda",
     "the family of SDEs with one density: drift f - (1 - lambda^2) (div D + D grad log p), noise lambda G; 1 is the "
     "SDE itself, 0 its probability flow",
     "reverse.lambda, compare.monte_carlo.lambda", "Zhang & Chen, ICLR 2023 (arXiv 2204.13902)"},
    {"current",
     "J = f p - div(D p), probability that crosses per time and length of face; the scheme's own, averaged "
     "from faces to cells",
     "output.fields", "Risken 1989, chapter 6"},
    {"reverse process", "the SDE or flow that takes p at the end back to p at 0: its drift needs the score", "reverse",
     "Anderson, Stoch. Proc. Appl. 12 (1982) 313; Song et al., ICLR 2021, eq. (6)"},
    {"prior", "the normal density that a model turns all data into", "reverse.start, schedule.prior_variance",
     "Song et al., ICLR 2021, section 3"},
    {"interpretation",
     "where within a step noise that depends on the place is taken: Ito, Stratonovich or Klimontovich "
     "(also: isothermal, Hanggi); they differ by a drift, which `check` prints",
     "sde.interpretation, list interpretations",
     "van Kampen, J. Stat. Phys. 24 (1981) 175; Hanggi & Thomas, Phys. Rep. 88 (1982) 207"},
    {"peclet number",
     "|drift| times cell width over diffusion: below 2 a cell is ruled by diffusion and every flux of "
     "order 2 shows it, above 2 by drift: fitted fluxes fall to order 1 and central ones ring",
     "scheme.flux, list fluxes", "Patankar, Numerical Heat Transfer and Fluid Flow (1980), section 5.2"},
    {"flux", "how probability crosses the face between two cells: the rule that makes a scheme what it is",
     "scheme.flux, list fluxes", "LeVeque, Finite Volume Methods for Hyperbolic Problems (2002), chapter 4"},
    {"limiter", "bounds the slope of p within a cell so that no new extremum is made", "scheme.limiter",
     "Sweby, SIAM J. Numer. Anal. 21 (1984) 995"},
    {"upwind", "taking p from the cell that the drift comes from: positive, and smearing", "list fluxes",
     "Courant, Isaacson & Rees, Comm. Pure Appl. Math. 5 (1952) 243"},
    {"stepper", "carries p from one time to the next", "time.stepper, list steppers; docs/steppers.md",
     "Hairer, Norsett & Wanner, Solving ODEs I (1993), chapter II"},
    {"stiffness",
     "how much faster the fastest mode decays than the run is long: explicit steps are bound to the fastest",
     "time.stepper, check", "Hairer & Wanner, Solving ODEs II (1996), chapter IV"},
    {"tolerance",
     "what the estimated error of one step may be; errors of steps add up, so p is off by about the number "
     "of steps times this, mostly less",
     "time.tolerance", "Hairer, Norsett & Wanner, Solving ODEs I (1993), section II.4"},
    {"frame",
     "p and the other fields at one output time, as a file density_NNNNNN.vti for ParaView; density.pvd is the "
     "film of them, view.py shows it",
     "output.frames, output.fields", "this program"},
    {"series",
     "series.csv of a run folder: mass, moments, distances to the witnesses over time, a row per frame and "
     "between them",
     "output.series", "this program"},
    {"run folder",
     "what a run leaves: case.toml, resolved.toml, inputs/, summary.json, series.csv, frames, pictures, "
     "view.py for ParaView; runs/NAME unless --out says otherwise",
     "info, compare", "this program"},
    {"witness",
     "an independent solution for the same density, computed beside p by other means and held against it at "
     "every frame: the closed form, particles, Fourier series, the other form",
     "compare, list witnesses", "this program"},
    {"check",
     "a bound that the case puts on a number of the run: [[check]]; exit code 5 where one falls short; also the "
     "verb that says what would run",
     "check.quantity, list quantities", "this program"},
    {"mass", "the integral of p over the box: 1 at the start; with outflow and what was killed it stays 1 to rounding",
     "list quantities", "LeVeque 2002, chapter 4"},
    {"outflow",
     "the probability that has left through absorbing sides, an unknown of its own that the stepper "
     "integrates",
     "axis.boundary", "Redner, A Guide to First-Passage Processes (2001), chapter 1"},
    {"positivity",
     "p >= 0 in every cell after every step, by the structure of flux and step together, never by "
     "clipping",
     "scheme.positive", "Chang & Cooper, J. Comput. Phys. 6 (1970) 1"},
    {"generator",
     "the matrix A of dp/dt = A p; a Markov generator has columns that sum to 0 and no negative entry "
     "beside the diagonal, so that exp(A t) keeps mass and sign",
     "operator, list fluxes", "Norris, Markov Chains (1997), chapter 2"},
    {"stationary density", "the p that no longer moves", "steady", "Risken 1989, chapters 5 and 6"},
    {"detailed balance", "no current at rest: each edge carries as much forth as back; so where f = -D grad V",
     "list solvers", "Risken 1989, section 6.4"},
    {"order",
     "the power of the cell width (or step) that the error falls with: halved cells at order 2 leave a quarter",
     "converge", "Roy, J. Comput. Phys. 205 (2005) 131"},
    {"estimate",
     "how far to believe a run, by the same case on half and a quarter of the cells (--estimate): the order measured, "
     "the value extrapolated, and what the true one should be within",
     "order; docs/estimate.md", "Roache, J. Fluids Eng. 116 (1994) 405"},
    {"cell average",
     "what p of a cell is: the integral of the density over the cell over its size; references are "
     "averaged the same way before they are compared",
     "axis.cells", "LeVeque 2002, chapter 4"},
    {"l1", "int |p - q| dx: the largest difference in probability is half of it (total variation)", "list quantities",
     "Levin, Peres & Wilmer, Markov Chains and Mixing Times (2009), section 4.1"},
    {"kl", "Kullback-Leibler divergence int p log(p/q) dx of p from the reference q", "list quantities",
     "Kullback & Leibler, Ann. Math. Stat. 22 (1951) 79"},
    {"w1", "Wasserstein-1 distance: how far probability must be carried on average to make p of q, in units of x",
     "list quantities", "Villani, Optimal Transport (2009), chapter 6"},
    {"ks", "Kolmogorov-Smirnov distance: the largest difference of the cumulative distributions", "list quantities",
     "Massey, J. Am. Stat. Assoc. 46 (1951) 68"},
    {"z",
     "distance from the expected counting noise of particles in its standard deviations: within 3 nothing but "
     "noise is seen",
     "list quantities", "docs/decisions/0015-verdicts.md"},
    {"entropy production", "int J . D^-1 J / p dx: how fast the irreversible part of the motion dissipates",
     "output.fields", "Seifert, Rep. Prog. Phys. 75 (2012) 126001"},
    {"box",
     "the ranges of the axes, and its walls; what p loses or feels there is told by `check` before and by warnings "
     "after a "
     "run",
     "axis.range, axis.boundary", "docs/infinite_ranges.md, docs/decisions/0014-self-check.md"},
    {"multigrid", "solves for a step on a ladder of coarser grids, in time proportional to the cells", "list solvers",
     "Brandt, Math. Comp. 31 (1977) 333; docs/decisions/0009-multigrid.md"},
    {"vp", "variance preserving: dX = -beta X/2 dt + sqrt(beta) dW takes data to the standard normal", "list models",
     "Song et al., ICLR 2021, eq. (11)"},
    {"ve", "variance exploding: data stay where they are while noise of growing sigma is added", "list models",
     "Song et al., ICLR 2021, eq. (9)"},
    {"schedule", "how fast data dissolve into noise over time: alpha(t) scales them, sigma(t) is the noise",
     "sde.schedule, schedule", "Kingma et al., Variational Diffusion Models, NeurIPS 2021"},
    {"stop reason",
     "why a run ended, in summary.json: end, stationary: RATE, when: CONDITION or file: NAME of a [[stop]], "
     "interrupted, wall_time, or what went wrong",
     "stop", "this program"},
    {"inputs",
     "inputs/ of a run folder: the files that the case reads, up to 64 MB each, and index.toml with the SHA-256 and "
     "the "
     "place of all; cases in that folder read these and no others, wherever the folder is",
     "run folder, resolved", "this program"},
    {"resolved", "resolved.toml: the case with every default filled in; it runs to the same bits", "run folder",
     "this program"},
};

}  // namespace

std::span<const TermRow> terms() { return rows; }

}  // namespace fokker
