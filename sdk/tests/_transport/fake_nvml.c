/* Two GPUs for tests: what nvidia-ml-py calls, with numbers that a test can tell apart.
   FAKE_NVML_PID is a process that computes on GPU 1. Sensors that are not here are sensors
   that the device lacks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, BAD_ARGUMENT = 2, NOT_SUPPORTED = 3, TOO_SMALL = 7 };

typedef struct { int index; } Device;
static Device devices[2] = {{0}, {1}};

int nvmlInitWithFlags(unsigned flags) { return OK; }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code) { return "fake error"; }

int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return OK; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **device) {
  if (index > 1) return BAD_ARGUMENT;
  *device = &devices[index];
  return OK;
}

int nvmlDeviceGetName(Device *device, char *name, unsigned length) {
  snprintf(name, length, "Fake GPU %d", device->index);
  return OK;
}

int nvmlDeviceGetUUID(Device *device, char *uuid, unsigned length) {
  snprintf(uuid, length, "GPU-%d0000000-fake", device->index);
  return OK;
}

int nvmlDeviceGetUtilizationRates(Device *device, unsigned *rates) {
  rates[0] = 40 + device->index;
  rates[1] = 20 + device->index;
  return OK;
}

int nvmlDeviceGetMemoryInfo(Device *device, unsigned long long *memory) {
  memory[0] = 1000000000ULL;
  memory[2] = 250000000ULL + 250000000ULL * device->index;
  memory[1] = memory[0] - memory[2];
  return OK;
}

int nvmlDeviceGetTemperature(Device *device, int sensor, unsigned *celsius) {
  *celsius = 60 + device->index;
  return OK;
}

int nvmlDeviceGetPowerUsage(Device *device, unsigned *milliwatts) {
  *milliwatts = 100000 + 50000 * device->index;
  return OK;
}

int nvmlDeviceGetEnforcedPowerLimit(Device *device, unsigned *milliwatts) {
  *milliwatts = 400000;
  return OK;
}

int nvmlDeviceGetTotalEnergyConsumption(Device *device, unsigned long long *millijoules) {
  *millijoules = 5000000;
  return OK;
}

int nvmlDeviceGetClockInfo(Device *device, int kind, unsigned *megahertz) {
  *megahertz = 1000 + kind;
  return OK;
}

int nvmlDeviceGetFanSpeed(Device *device, unsigned *percent) { return NOT_SUPPORTED; }

typedef struct {
  unsigned pid;
  unsigned long long used;
  unsigned instance, compute;
} Process;

int nvmlDeviceGetComputeRunningProcesses_v3(Device *device, unsigned *count, Process *processes) {
  const char *pid = getenv("FAKE_NVML_PID");
  if (device->index != 1 || pid == NULL) {
    *count = 0;
    return OK;
  }
  if (processes == NULL) {
    *count = 2;
    return TOO_SMALL;
  }
  *count = 2;
  memset(processes, 0, 2 * sizeof *processes);
  processes[0].pid = 999999999;
  processes[0].used = 400000000ULL;
  processes[1].pid = (unsigned)atoi(pid);
  processes[1].used = 100000000ULL;
  return OK;
}
