"""C++ that popdyn adds to Brian2's standalone program: random numbers, the drive, the edges and the end of the run from
files, and the sums over neurons that are recorded.

Brian2 calls these as functions of its own kind (`randn`, `rand`, `mu_drive_0`, ...), so that one compiled program
serves every seed, drive, duration, step and wiring. seed.bin holds 4 words (uint64), of each chunk its own;
../drive.bin (float64), for all chunks: dt, number of steps, number of drives, then for each drive its length and its
values, one per step or one for all; edges-offsets-0.bin (int64) and edges-targets-0.bin (int32), ...: the edges by
source. results/record.bin (float64): spikes, V and w summed over each block of neurons, every half bin;
results/traces.bin: V and w of the neurons that are traced.
"""

FLAGS = ["-w", "-O3", "-march=native", "-std=c++11", "-ffast-math"]
"""Without -fno-finite-math-only, Brian2's default: it keeps exp from being vectorised (measured: 15 to 8 ns per
neuron-step). V_limit keeps every exponential finite."""

GCC_FLAGS = ["--param=vect-max-version-for-alias-checks=1000"]
"""For groups with many arrays: beyond 10 tests for overlap gcc gives up (measured: 22 to 4 ns per neuron-step)."""

HEADER = r"""
#ifndef POPDYN_H
#define POPDYN_H
#include <stdint.h>
#include <cmath>
#include <vector>
namespace popdyn {
struct Xoshiro {  // xoshiro256++, Blackman and Vigna 2019
  uint64_t s[4];
  static inline uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  inline uint64_t next() {
    const uint64_t result = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = rotl(s[3], 45);
    return result;
  }
};
extern Xoshiro generator;
extern double edge[129], scale[128], dt;
extern std::vector<std::vector<double> > drives;
void load();
double seldom(int64_t bits, int layer);
double step(double t);
double sample(double t);
void watch(const double* V, const double* w, const double* spikes, int first, int size);
void trace(const double* values, int first, int size);
struct Wires { std::vector<int64_t> offsets; std::vector<int32_t> targets; };
const Wires& wires(int projection);
inline int64_t edges(int projection) { return wires(projection).offsets.back(); }
inline double uniform() { return ((generator.next() >> 11) + 0.5) * (1.0 / 9007199254740992.0); }
inline double normal() {  // ziggurat of 128 layers, Marsaglia and Tsang 2000; layer and position from different bits
  const uint64_t word = generator.next();
  const int layer = word & 127;
  const int64_t bits = ((int64_t)word) >> 11;
  const double x = bits * scale[layer];
  return std::fabs(x) < edge[layer + 1] ? x : seldom(bits, layer);
}
inline double drive(int row, double t) {
  const std::vector<double>& values = drives[row];
  const size_t index = (size_t)(t / dt + 0.5);
  return values[index < values.size() ? index : values.size() - 1];
}
struct Poisson {  // numbers of one mean by a guide table, of changing means by inversion, large ones in parts
  double last, none, below[256];
  int same, start[256];
  Poisson() : last(-1), none(0), same(0) {}
  void tabulate() {
    double share = none, sum = none;
    for (int k = 0; k < 256; k++) { below[k] = sum; share *= last / (k + 1); sum += share; }
    below[255] = 2;
    for (int k = 0, number = 0; k < 256; k++) {
      while (below[number] <= k / 256.0) number++;
      start[k] = number;
    }
  }
  double draw(double mean) {
    double number = 0;
    for (; mean > 30; mean -= 30) number += invert(30, std::exp(-30.0));
    if (mean != last) { last = mean; none = std::exp(-mean); same = 0; }
    if (same < 64 && ++same == 64) tabulate();
    if (same < 64) return number + invert(mean, none);
    const double u = uniform();
    int k = start[(int)(u * 256)];
    while (below[k] <= u) k++;
    return number + k;
  }
  static double invert(double mean, double none) {
    double share = none, left = uniform() - share;
    int k = 0;
    while (left > 0 && k < 200) { share *= mean / ++k; left -= share; }
    return k;
  }
};
template <int source> inline double events(double mean) { static Poisson numbers; return numbers.draw(mean); }
}
#endif
"""

SOURCE = r"""
#include "popdyn.h"
#include "network.h"
#include <cstdio>
#include <cstdlib>
#include <fstream>
#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif
namespace popdyn {
Xoshiro generator;
double edge[129], scale[128], dt;
std::vector<std::vector<double> > drives;
static double steps;
struct Block { const double *V, *w, *spikes; int first, size; };
static std::vector<Block> blocks, traces;
static std::vector<Wires> read_wires;
static const double HALF_BIN = 0.5e-3, R = 3.442619855899, AREA = 9.91256303526217e-3;
static double bell(double x) { return std::exp(-0.5 * x * x); }
static double number(std::ifstream& file) {
  double value = 0;
  file.read(reinterpret_cast<char*>(&value), sizeof value);
  if (!file) { std::fprintf(stderr, "drive.bin is too short\n"); std::exit(3); }
  return value;
}
void load() {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  edge[0] = AREA / bell(R); edge[1] = R; edge[128] = 0;
  for (int i = 2; i < 128; i++) edge[i] = std::sqrt(-2 * std::log(AREA / edge[i - 1] + bell(edge[i - 1])));
  for (int i = 0; i < 128; i++) scale[i] = edge[i] / 4503599627370496.0;
  std::ifstream words("seed.bin", std::ios::in | std::ios::binary);
  words.read(reinterpret_cast<char*>(generator.s), sizeof generator.s);
  std::ifstream file("../drive.bin", std::ios::in | std::ios::binary);
  if (!words) { std::fprintf(stderr, "seed.bin is too short\n"); std::exit(3); }
  dt = number(file); steps = number(file);
  drives.resize((size_t)number(file));
  for (size_t k = 0; k < drives.size(); k++) {
    drives[k].resize((size_t)number(file));
    for (size_t i = 0; i < drives[k].size(); i++) drives[k][i] = number(file);
  }
}
double seldom(int64_t bits, int layer) {
  for (;;) {
    const double x = bits * scale[layer];
    if (std::fabs(x) < edge[layer + 1]) return x;
    if (layer == 0) {
      double a, b;
      do { a = -std::log(uniform()) / R; b = -std::log(uniform()); } while (b + b < a * a);
      return bits > 0 ? R + a : -R - a;
    }
    const double low = bell(edge[layer]), high = bell(edge[layer + 1]);
    if (high + uniform() * (low - high) < bell(x)) return x;
    const uint64_t word = generator.next();
    layer = word & 127;
    bits = ((int64_t)word) >> 11;
  }
}
template <class T> static void read_all(const char* name, int projection, std::vector<T>& values) {
  char path[64];
  std::snprintf(path, sizeof path, "edges-%s-%d.bin", name, projection);
  std::ifstream file(path, std::ios::in | std::ios::binary | std::ios::ate);
  if (!file) { std::fprintf(stderr, "%s is missing\n", path); std::exit(3); }
  values.resize((size_t)file.tellg() / sizeof(T));
  file.seekg(0);
  if (values.size()) file.read(reinterpret_cast<char*>(&values[0]), values.size() * sizeof(T));
}
const Wires& wires(int projection) {
  if ((size_t)projection >= read_wires.size()) read_wires.resize(projection + 1);
  Wires& found = read_wires[projection];
  if (found.offsets.empty()) {
    read_all("offsets", projection, found.offsets);
    read_all("targets", projection, found.targets);
  }
  return found;
}
void watch(const double* V, const double* w, const double* spikes, int first, int size) {
  blocks.push_back(Block{V, w, spikes, first, size});
}
void trace(const double* values, int first, int size) { traces.push_back(Block{values, 0, 0, first, size}); }
static double sum(const double* values, const Block& block) {  // volatile: in the order of the neurons
  volatile double total = 0;
  for (int i = block.first; values && i < block.first + block.size; i++) total = total + values[i];
  return total;
}
double sample(double t) {  // every half bin, before anything of the step
  static std::ofstream file("results/record.bin", std::ios::out | std::ios::binary);
  const int64_t every = (int64_t)std::floor(HALF_BIN / dt + 0.5), now = (int64_t)std::floor(t / dt + 0.5);
  if (now % every) return 0;
  for (size_t k = 0; k < blocks.size(); k++) {
    const double row[3] = {sum(blocks[k].spikes, blocks[k]), sum(blocks[k].V, blocks[k]), sum(blocks[k].w, blocks[k])};
    file.write(reinterpret_cast<const char*>(row), sizeof row);
  }
  static std::ofstream traced("results/traces.bin", std::ios::out | std::ios::binary);
  for (size_t k = 0; k < traces.size(); k++)
    traced.write(reinterpret_cast<const char*>(traces[k].V + traces[k].first), traces[k].size * sizeof(double));
  if ((double)(now + every) >= steps) { file.flush(); traced.flush(); }
  return 0;
}
double step(double t) {  // once per time step: says how far the run is and ends it
  static double said = 0;
  const double done = std::floor(t / dt + 0.5) + 1;
  if (done == 1) std::vector<Wires>().swap(read_wires);
  if (done >= steps) Network::_globally_stopped = true;
  if (done - said >= steps / 200 || done >= steps) {
    said = done;
    std::printf("progress %.4f\n", done / steps);
    std::fflush(stdout);
  }
  return 0;
}
}
"""
