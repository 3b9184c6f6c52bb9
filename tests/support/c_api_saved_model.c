/* Runs a signature of a SavedModel by TensorFlow's C API, as a server does.

   program FOLDER INPUT SAMPLE_SHAPE OUTPUT[,OUTPUT...] BATCH...

   FOLDER holds the SavedModel; INPUT and each OUTPUT is a tensor as its signature
   names it, OPERATION:INDEX; SAMPLE_SHAPE is such as 6,6,2. Each file BATCH holds
   float32 samples; beside it, BATCH.0, BATCH.1, ... are written: the bytes of each
   output. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

#define MOST 16

static TF_Status *status;

static void check(const char *what) {
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s: %s\n", what, TF_Message(status));
    exit(1);
  }
}

static void fail(const char *what, const char *where) {
  fprintf(stderr, "%s: %s\n", what, where);
  exit(1);
}

static TF_Output tensor_named(TF_Graph *graph, char *name) {
  char *colon = strrchr(name, ':');
  if (!colon) fail("no index", name);
  *colon = 0;
  TF_Output found = {TF_GraphOperationByName(graph, name), atoi(colon + 1)};
  if (!found.oper) fail("no such operation", name);
  return found;
}

static TF_Tensor *read_batch(const char *path, int64_t *dims, int rank) {
  int64_t sample = sizeof(float);
  for (int i = 1; i < rank; i++) sample *= dims[i];
  FILE *file = fopen(path, "rb");
  if (!file) fail("cannot read", path);
  fseek(file, 0, SEEK_END);
  long bytes = ftell(file);
  rewind(file);
  dims[0] = bytes / sample;
  TF_Tensor *batch = TF_AllocateTensor(TF_FLOAT, dims, rank, bytes);
  if (fread(TF_TensorData(batch), 1, bytes, file) != (size_t)bytes)
    fail("cannot read", path);
  fclose(file);
  return batch;
}

static void write_tensor(const char *path, int number, const TF_Tensor *tensor) {
  char name[4096];
  snprintf(name, sizeof name, "%s.%d", path, number);
  FILE *file = fopen(name, "wb");
  if (!file) fail("cannot write", name);
  fwrite(TF_TensorData(tensor), 1, TF_TensorByteSize(tensor), file);
  fclose(file);
}

int main(int count, char **arguments) {
  if (count < 6) fail("too few arguments", arguments[0]);
  status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  const char *tags[] = {"serve"};
  TF_Session *session = TF_LoadSessionFromSavedModel(
      options, NULL, arguments[1], tags, 1, graph, NULL, status);
  check("loading");

  TF_Output input = tensor_named(graph, arguments[2]), outputs[MOST];
  int64_t dims[MOST];
  int rank = 1, wanted = 0;
  for (char *s = strtok(arguments[3], ","); s; s = strtok(NULL, ","))
    dims[rank++] = atoll(s);
  for (char *s = strtok(arguments[4], ","); s; s = strtok(NULL, ","))
    outputs[wanted++] = tensor_named(graph, s);

  for (int i = 5; i < count; i++) {
    TF_Tensor *batch = read_batch(arguments[i], dims, rank), *values[MOST];
    TF_SessionRun(session, NULL, &input, &batch, 1, outputs, values, wanted, NULL, 0,
                  NULL, status);
    check(arguments[i]);
    for (int k = 0; k < wanted; k++) {
      write_tensor(arguments[i], k, values[k]);
      TF_DeleteTensor(values[k]);
    }
    TF_DeleteTensor(batch);
  }
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
