/* CVODE on dp/dt = A p, as its manual advises: BDF; a banded direct solver for a tridiagonal A, GMRES with exact products and the diagonal as
 * preconditioner for any other. Prints the seconds from the first call to CVode to its return.
 *
 *   cvode PROBLEM SOLUTION band|gmres RTOL END
 *
 * PROBLEM: int64 n, entries; then p, the row starts (int64), the columns (int64) and the values of A by rows. SOLUTION: p at END. */
#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sunlinsol/sunlinsol_band.h>
#include <sunlinsol/sunlinsol_spgmr.h>
#include <sunmatrix/sunmatrix_band.h>
#include <time.h>

typedef struct {
  int64_t n, entries, *start, *column;
  double *value, *diagonal;
} Matrix;

static void multiply(const Matrix* A, const double* p, double* out) {
  for (int64_t i = 0; i < A->n; ++i) {
    double sum = 0;
    for (int64_t k = A->start[i]; k < A->start[i + 1]; ++k) sum += A->value[k] * p[A->column[k]];
    out[i] = sum;
  }
}

static int rate(realtype t, N_Vector p, N_Vector out, void* A) {
  (void)t;
  multiply(A, N_VGetArrayPointer(p), N_VGetArrayPointer(out));
  return 0;
}

static int jacobian(realtype t, N_Vector p, N_Vector f, SUNMatrix J, void* data, N_Vector a, N_Vector b, N_Vector c) {
  (void)t, (void)p, (void)f, (void)a, (void)b, (void)c;
  const Matrix* A = data;
  for (int64_t i = 0; i < A->n; ++i)
    for (int64_t k = A->start[i]; k < A->start[i + 1]; ++k) SM_ELEMENT_B(J, i, A->column[k]) = A->value[k];
  return 0;
}

static int product(N_Vector v, N_Vector out, realtype t, N_Vector p, N_Vector f, void* A, N_Vector a) {
  (void)p, (void)f, (void)a;
  return rate(t, v, out, A);
}

static int precondition(realtype t, N_Vector p, N_Vector f, N_Vector r, N_Vector z, realtype gamma, realtype delta, int side, void* data) {
  (void)t, (void)p, (void)f, (void)delta, (void)side;
  const Matrix* A = data;
  const double* from = N_VGetArrayPointer(r);
  double* to = N_VGetArrayPointer(z);
  for (int64_t i = 0; i < A->n; ++i) to[i] = from[i] / (1 - gamma * A->diagonal[i]);
  return 0;
}

static void* take(FILE* file, int64_t count) {
  void* values = malloc(8 * (size_t)count);
  if (values == NULL || fread(values, 8, (size_t)count, file) != (size_t)count) exit(2);
  return values;
}

static void require(int status, const char* what) {
  if (status >= 0) return;
  fprintf(stderr, "%s: CVODE returned %d\n", what, status);
  exit(3);
}

int main(int count, char** word) {
  if (count != 6) return 1;
  FILE* file = fopen(word[1], "rb");
  if (file == NULL) return 1;
  Matrix A;
  int64_t* sizes = take(file, 2);
  A.n = sizes[0], A.entries = sizes[1];
  double* p = take(file, A.n);
  A.start = take(file, A.n + 1), A.column = take(file, A.entries), A.value = take(file, A.entries);
  fclose(file);
  A.diagonal = calloc((size_t)A.n, sizeof(double));
  for (int64_t i = 0; i < A.n; ++i)
    for (int64_t k = A.start[i]; k < A.start[i + 1]; ++k)
      if (A.column[k] == i) A.diagonal[i] += A.value[k];

  SUNContext context;
  if (SUNContext_Create(NULL, &context) != 0) return 3;
  N_Vector y = N_VMake_Serial(A.n, p, context);
  void* solver = CVodeCreate(CV_BDF, context);
  const double rtol = atof(word[4]), end = atof(word[5]);
  require(CVodeInit(solver, rate, 0, y), "init");
  require(CVodeSetUserData(solver, &A), "data");
  require(CVodeSStolerances(solver, rtol, 1e-3 * rtol), "tolerances");
  require(CVodeSetMaxNumSteps(solver, 1000000), "steps");
  if (strcmp(word[3], "band") == 0) {
    SUNMatrix J = SUNBandMatrix(A.n, 1, 1, context);
    require(CVodeSetLinearSolver(solver, SUNLinSol_Band(y, J, context), J), "solver");
    require(CVodeSetJacFn(solver, jacobian), "jacobian");
  } else {
    require(CVodeSetLinearSolver(solver, SUNLinSol_SPGMR(y, SUN_PREC_LEFT, 0, context), NULL), "solver");
    require(CVodeSetJacTimes(solver, NULL, product), "products");
    require(CVodeSetPreconditioner(solver, NULL, precondition), "preconditioner");
  }
  struct timespec before, after;
  double reached = 0;
  clock_gettime(CLOCK_MONOTONIC, &before);
  require(CVode(solver, end, y, &reached, CV_NORMAL), "run");
  clock_gettime(CLOCK_MONOTONIC, &after);
  file = fopen(word[2], "wb");
  if (file == NULL || fwrite(p, 8, (size_t)A.n, file) != (size_t)A.n) return 2;
  fclose(file);
  printf("%.9g\n", (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec));
  return 0;
}
