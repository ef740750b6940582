#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../access.hpp"

// What the rows of src/case/keys.cpp read and write where a member and its kind do not say it all; by file.
namespace fokker::input {

inline constexpr std::size_t most_output_times = 100'000;
inline constexpr double most_fixed_steps = 1e9;  // a fixed dt that would need more is a slip

// axes
void read_axes(Reading& r);
void read_range(Reading& r);
void read_boundary(Reading& r);
std::string write_range(const Case& c, std::size_t entry);
std::string write_boundary(const Case& c, std::size_t entry);

// symbols
void read_axis_names(Reading& r);
void read_axis_name(Reading& r);
void read_symbols(Reading& r);
// The entries of a table of the user's names, in the order of the file; names that are taken are reported, the others
// are taken from now on.
std::vector<std::pair<std::string, Node>> named_entries(CaseReader& reader, const Node& table);
void warn_of_unused(CaseReader& reader);  // names that stand in no formula; last of all
std::string write_parameters(const Case& c, std::size_t);
std::string write_definitions(const Case& c, std::size_t);

// sde
void read_sde(Reading& r);
void read_interpretation(Reading& r);
void read_drift(Reading& r);
void read_noise(Reading& r);
void read_noise_covariance(Reading& r);
void read_diffusion(Reading& r);
void read_potential(Reading& r);
void read_temperature(Reading& r);
std::string write_interpretation(const Case& c, std::size_t);

// model
void read_model(Reading& r, TableReader& sde);        // a named model in place of the formulas
void check_model(CaseReader& reader, const Case& c);  // once the end is known
void read_schedule(Reading& r);

// initial
void read_initial(Reading& r);
void read_gaussian(Reading& r);
void read_mixture(Reading& r);
void read_weight(Reading& r);
void read_mean(Reading& r);
void read_covariance(Reading& r);
void read_density(Reading& r);
void read_start_point(Reading& r);
void read_uniform(Reading& r);
std::optional<std::vector<double>> point_in_box(const Reading& r);  // on its walls is inside
std::size_t count_gaussian(const Case& c);
std::size_t count_mixture(const Case& c);
std::string write_mean(const Case& c, std::size_t entry);
std::string write_covariance(const Case& c, std::size_t entry);
std::string write_density(const Case& c, std::size_t);
std::string write_start_point(const Case& c, std::size_t);
std::string write_uniform(const Case& c, std::size_t);

// scheme
std::vector<std::string> with_auto(std::vector<std::string> words);
void read_form(Reading& r);
void read_flux(Reading& r);
void read_score_order(Reading& r);
void read_score_table(Reading& r);
std::string write_score_table(const Case& c, std::size_t);

// time
void read_time(Reading& r);
void read_end(Reading& r);
void read_tolerance(Reading& r);
void read_dt(Reading& r);
void check_steps(const Reading& r, double dt);  // to the end, whose number is bounded

// output
void read_output(Reading& r);
void read_frames(Reading& r);
void read_every(Reading& r);
void read_times(Reading& r);
void read_series(Reading& r);
void read_fields(Reading& r);
std::string write_times(const Case& c, std::size_t);
std::string write_series(const Case& c, std::size_t);
std::string write_fields(const Case& c, std::size_t);
void read_formats(Reading& r);
void read_marginals(Reading& r);
void read_picture_times(Reading& r);
void read_picture_fields(Reading& r);
void read_picture_aspect(Reading& r);
void read_expectations(Reading& r);
void read_probabilities(Reading& r);
std::string write_formats(const Case& c, std::size_t);
std::string write_picture_times(const Case& c, std::size_t);
std::string write_picture_fields(const Case& c, std::size_t);
std::string write_expectations(const Case& c, std::size_t);
std::string write_probabilities(const Case& c, std::size_t);

// compare
void read_exact(Reading& r);
void read_particle_stepper(Reading& r);
void read_particle_dt(Reading& r);
void read_particle_tolerance(Reading& r);
void read_particle_lambda(Reading& r);
void read_steps_max(Reading& r);
std::string write_exact(const Case& c, std::size_t);
std::string write_twin(const Case& c, std::size_t);
std::string write_steps_max(const Case& c, std::size_t);

// reverse
void read_reverse(Reading& r);
void read_lambdas(Reading& r);
std::string write_lambdas(const Case& c, std::size_t);

// stops
void read_stops(Reading& r);
void read_when(Reading& r);
void read_stop_file(Reading& r);
std::string write_when(const Case& c, std::size_t entry);

// checks
void read_checks(Reading& r);
void read_quantity(Reading& r);
void read_against(Reading& r);
void read_at(Reading& r);
void read_within(Reading& r);
void read_of(Reading& r);
void read_check_point(Reading& r);
void read_check_lambda(Reading& r);
void read_check_axis(Reading& r);
void read_check_side(Reading& r);
KeyAccess bound(std::optional<double> CaseCheck::*member);
std::string write_against(const Case& c, std::size_t entry);
std::string write_at(const Case& c, std::size_t entry);
std::string write_of(const Case& c, std::size_t entry);
std::string write_check_point(const Case& c, std::size_t entry);

}  // namespace fokker::input
