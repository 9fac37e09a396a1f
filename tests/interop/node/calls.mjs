// Clients, articles, and what a status says.

import assert from 'node:assert/strict';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import { protoPath as health } from 'grpc-health-check';

export const TEXT = 'The foreign ministers of both countries met in Geneva on Friday to sign a treaty on their border.';
export const MARCH = 'Thousands of protesters marched through the capital until police fired tear gas at them.';

const types = loader.loadSync(
  ['bayeswire/v1/classification_service.proto', 'bayeswire/v1/model_service.proto', 'google/rpc/error_details.proto',
    health],
  { includeDirs: process.env.BAYESWIRE_PROTOS.split(':'), enums: String, longs: Number, oneofs: true },
);
const loaded = grpc.loadPackageDefinition(types);

export const clients = (address, credentials = grpc.credentials.createInsecure(), options = {}) => {
  // A connection of their own: grpc-js lets equal channels share one.
  const channelOptions = { 'grpc.use_local_subchannel_pool': 1, ...options };
  const channel = new grpc.Channel(address, credentials, channelOptions);
  const client = (Service) => new Service(address, credentials, { channelOverride: channel });
  return {
    classification: client(loaded.bayeswire.v1.ClassificationService),
    models: client(loaded.bayeswire.v1.ModelService),
    health: client(loaded.grpc.health.v1.Health),
    close: () => channel.close(),
  };
};

/** Calls a method with one answer; gives the answer, or throws the error with its `details` decoded. */
export const call = (client, method, request, { metadata = new grpc.Metadata(), ...options } = {}) =>
  new Promise((resolve, reject) => {
    let head;
    const made = client[method](request, metadata, options, (error, answer) => {
      if (error) reject(Object.assign(error, { head }));
      else resolve({ answer, head });
    });
    made.on('metadata', (received) => { head = received; });
  });

/** The details of a google.rpc.Status by the names of their types. */
export const detailsOf = (status) => Object.fromEntries(status.details.map((detail) => {
  const type = detail.type_url.split('/').pop();
  return [type.split('.').pop(), types[type].deserialize(detail.value)];
}));

/** The code and details of a call that must fail with a rich error of this server. */
export async function failure(made) {
  const error = await made.then(() => assert.fail('the call did not fail'), (e) => e);
  assert.ok(error.metadata, error);
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  assert.ok(bytes, `no details: ${error}`);
  const status = types['google.rpc.Status'].deserialize(bytes);
  assert.deepEqual([status.code, status.message], [error.code, error.details]);
  const details = detailsOf(status);
  assert.equal(details.ErrorInfo.domain, 'bayeswire');
  return { code: error.code, details };
}

export const violations = (details) => details.BadRequest.fieldViolations.map((v) => [v.field, v.reason]);
