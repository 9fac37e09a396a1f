// Classifies articles with bayeswire: a JSON object a line on standard input, {"title": ..., "text": ...}.
//
//     npm install
//     node classify.mjs 127.0.0.1:50051 < articles.jsonl
//
// Of several addresses, calls go to all servers in turn; one that is gone is left out.

import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

// How long one answer may take, all attempts together, in milliseconds.
const DEADLINE = 5000;

const SERVICE_CONFIG = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [{
    name: [{ service: 'bayeswire.v1.ClassificationService' }],
    // Calling again is safe: an answer depends on the article alone. Where the server says when to come back (RetryInfo),
    // it says so to the library as well, which then waits for that time instead of its own.
    retryPolicy: {
      maxAttempts: 5,
      initialBackoff: '0.1s',
      maxBackoff: '2s',
      backoffMultiplier: 2,
      retryableStatusCodes: ['UNAVAILABLE', 'RESOURCE_EXHAUSTED'],
    },
  }],
};

const types = loader.loadSync(['bayeswire/v1/classification_service.proto', 'error_details.proto'], {
  includeDirs: ['../../proto', '.'].map((folder) => fileURLToPath(new URL(folder, import.meta.url))),
  enums: String,
  longs: Number,
  oneofs: true,
});
const { ClassificationService } = grpc.loadPackageDefinition(types).bayeswire.v1;

/** What a failed call says, for people: code, message, reason, and every field that was wrong. */
function explain(error) {
  const lines = [`${grpc.status[error.code]}: ${error.details}`];
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  for (const { type_url, value } of bytes ? types['google.rpc.Status'].deserialize(bytes).details : []) {
    const detail = types[type_url.split('/').pop()]?.deserialize(value) ?? {};
    if (detail.reason) lines.push(`reason ${detail.reason} ${JSON.stringify(detail.metadata ?? {})}`);
    for (const v of detail.fieldViolations ?? []) lines.push(`${v.field}: ${v.description} (${v.reason})`);
  }
  return lines.join('\n  ');
}

const client = new ClassificationService(`ipv4:${process.argv.slice(2).join(',')}`, grpc.credentials.createInsecure(), {
  'grpc.service_config': JSON.stringify(SERVICE_CONFIG),
});
const classify = (request) => new Promise((resolve, reject) => {
  const deadline = Date.now() + DEADLINE;
  client.ClassifyArticle(request, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
});

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { classification } = await classify({ article: JSON.parse(line) });
    // No topic is an answer too: the classifier says when it does not know.
    console.log(`${classification.topic || 'none'} ${classification.topics[0].probability.toFixed(3)}`);
  } catch (error) {
    if (error.code === undefined) throw error;
    process.exitCode = 1;
    console.error(explain(error));
  }
}
client.close();
