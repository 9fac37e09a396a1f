// @grpc/grpc-js with @grpc/proto-loader.

import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import grpc from '@grpc/grpc-js';
import { MARCH, TEXT, call, clients, detailsOf, failure, violations } from './calls.mjs';
import { start, until } from './server.mjs';

const { status: Code } = grpc;
let server;
let to;

before(async () => {
  server = await start();
  to = clients(server.address);
});
after(async () => {
  to.close();
  await server.stop();
});

const classify = (article, options = {}, how = {}) =>
  call(to.classification, 'ClassifyArticle', { article, options }, how);

test('an article gets a topic', async () => {
  const { answer } = await classify({ articleId: 'a-1', text: TEXT }, { maxEvidenceTerms: 3 });
  const { classification } = answer;
  assert.deepEqual([answer.articleId, classification.decision, classification.topic],
    ['a-1', 'DECISION_ASSIGNED', 'diplomacy']);
  const total = classification.topics.reduce((sum, topic) => sum + topic.probability, 0);
  assert.ok(Math.abs(total - 1) < 1e-9);
  assert.equal(classification.evidence.length, 3);
});

test('a request id is echoed', async () => {
  const metadata = new grpc.Metadata();
  metadata.set('x-request-id', 'interop-9');
  assert.deepEqual((await classify({ text: TEXT }, {}, { metadata })).head.get('x-request-id'), ['interop-9']);
});

test('gzip goes both ways', async () => {
  const zipped = clients(server.address, undefined, {
    'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip,
  });
  const request = { article: { text: `${TEXT} ${MARCH} `.repeat(40) }, options: { maxEvidenceTerms: 100 } };
  const { answer } = await call(zipped.classification, 'ClassifyArticle', request);
  zipped.close();
  assert.deepEqual(answer, (await classify(request.article, request.options)).answer);
});

test('errors have reasons, fields and limits', async () => {
  for (const [article, options, field, reason] of [
    [{ text: '' }, {}, 'article.text', 'ARTICLE_TEXT_EMPTY'],
    [{ text: 'a'.repeat((1 << 20) + 1) }, {}, 'article.text', 'TEXT_TOO_LONG'],
    [{ text: TEXT, languageCode: '-' }, {}, 'article.language_code', 'LANGUAGE_CODE_INVALID'],
    [{ text: TEXT }, { minProbability: NaN }, 'options.min_probability', 'MIN_PROBABILITY_INVALID'],
    [{ text: TEXT }, { topicPriors: { sport: 1 } }, 'options.topic_priors', 'TOPIC_PRIORS_INVALID'],
  ]) {
    const { code, details } = await failure(classify(article, options));
    assert.deepEqual([code, details.ErrorInfo.reason], [Code.INVALID_ARGUMENT, reason]);
    assert.deepEqual(violations(details)[0], [field, reason]);
    if (reason === 'TEXT_TOO_LONG') assert.deepEqual(details.ErrorInfo.metadata, { limit: String(1 << 20) });
  }
  const { code, details } = await failure(classify({ text: TEXT }, { modelRevision: '0'.repeat(64) }));
  assert.deepEqual([code, details.ErrorInfo.reason], [Code.NOT_FOUND, 'REVISION_NOT_FOUND']);
  assert.equal(details.ResourceInfo.resourceName, '0'.repeat(64));
});

test('one bad article of a batch spoils no other', async () => {
  const articles = [{ text: TEXT }, { text: ' ' }, { text: MARCH }];
  const { answer } = await call(to.classification, 'BatchClassifyArticles', { articles });
  assert.deepEqual(answer.results.map((r) => r.classification?.topic), ['diplomacy', undefined, 'protest']);
  assert.deepEqual(violations(detailsOf(answer.results[1].error)), [['articles[1].text', 'ARTICLE_TEXT_EMPTY']]);
  const none = await failure(call(to.classification, 'BatchClassifyArticles', { articles: [] }));
  assert.equal(none.details.ErrorInfo.reason, 'BATCH_EMPTY');
});

test('an explanation adds up', async () => {
  const { answer } = await call(to.classification, 'ExplainArticle', { article: { text: MARCH } });
  const total = answer.terms.reduce((sum, term) => sum + term.decibans, answer.priorDecibans);
  assert.ok(Math.abs(total - answer.totalDecibans) < 1e-9);
  assert.ok(answer.flipTerms.length > 0);
});

test('a stream answers in order, and an error does not end it', async () => {
  const stream = to.classification.StreamClassifyArticles();
  const texts = [TEXT, ' ', MARCH];
  texts.forEach((text, i) => stream.write({ article: { articleId: String(i), text } }));
  stream.end();
  const results = [];
  for await (const { result } of stream) results.push(result);
  assert.deepEqual(results.map((r) => [r.articleId, r.outcome]),
    [['0', 'classification'], ['1', 'error'], ['2', 'classification']]);
});

// grpc-js takes in whatever comes, read or not: that a server waits for who does not read is seen with grpcio.
test('a long stream is answered in order', async () => {
  const total = 2000;
  const stream = to.classification.StreamClassifyArticles();
  const sending = (async () => {
    for (let i = 0; i < total; i += 1) {
      const request = { article: { articleId: String(i), text: `${TEXT} `.repeat(40) } };
      if (!stream.write(request)) await new Promise((resolve) => { stream.once('drain', resolve); });
    }
    stream.end();
  })();
  let next = 0;
  for await (const { result } of stream) {
    assert.equal(result.articleId, String(next));
    next += 1;
  }
  await sending;
  assert.equal(next, total);
});

test('a cancelled stream ends on both sides', async () => {
  const stream = to.classification.StreamClassifyArticles();
  stream.write({ article: { text: TEXT } });
  const ended = assert.rejects(async () => {
    for await (const { result } of stream) {
      assert.equal(result.classification.topic, 'diplomacy');
      stream.cancel();
    }
  }, { code: Code.CANCELLED });
  await ended;
  await until(async () => (await server.metric('bayeswire_rpcs_in_flight')) === 0, 'the server has let go of the call');
});

test('deadlines are kept', async () => {
  const articles = Array(1000).fill({ text: `${TEXT} `.repeat(30) });
  const late = call(to.classification, 'BatchClassifyArticles', { articles }, { deadline: Date.now() + 20 });
  await assert.rejects(late, { code: Code.DEADLINE_EXCEEDED });
  await until(async () => (await server.metric('bayeswire_rpcs_in_flight')) === 0, 'the server has stopped working');
});

test('health is checked and watched', async () => {
  const stopping = await start('--drain-delay', '0.3');
  const { health, close } = clients(stopping.address);
  assert.equal((await call(health, 'Check', { service: 'bayeswire.v1.ModelService' })).answer.status, 'SERVING');
  await assert.rejects(call(health, 'Check', { service: 'no.Service' }), { code: Code.NOT_FOUND });
  const seen = [];
  let stopped;
  await assert.rejects(async () => {
    for await (const { status } of health.Watch({ service: '' })) {
      seen.push(status);
      stopped ??= stopping.stop();
    }
  }, { code: Code.UNAVAILABLE });
  assert.deepEqual(seen, ['SERVING', 'NOT_SERVING']);
  await stopped;
  close();
});

test('a server that is full says when to try again', async () => {
  const full = await start('--concurrency-limit', '1');
  const { classification, close } = clients(full.address);
  const stream = classification.StreamClassifyArticles();
  stream.write({ article: { text: TEXT } });
  await new Promise((resolve) => { stream.once('data', resolve); });
  const { code, details } = await failure(call(classification, 'ClassifyArticle', { article: { text: TEXT } }));
  assert.deepEqual([code, details.ErrorInfo.reason], [Code.RESOURCE_EXHAUSTED, 'CONCURRENCY_LIMIT']);
  assert.ok(details.RetryInfo.retryDelay.nanos > 0);
  stream.end();
  await new Promise((resolve) => { stream.once('end', resolve); });
  close();
  await full.stop();
});

test('models are listed page by page and looked into', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'bayeswire-'));
  const model = path.join(process.env.BAYESWIRE_REPOSITORY, 'models/default/default.model');
  for (const name of ['a', 'b', 'c']) await copyFile(model, path.join(folder, `${name}.model`));
  await writeFile(path.join(folder, 'damaged.model'), 'no model');
  const many = await start('--model', folder);
  const { models, close } = clients(many.address);
  const info = (await call(models, 'GetServerInfo', {})).answer;
  const revisions = [];
  let pageToken = '';
  do {
    const { answer } = await call(models, 'ListModelRevisions', { pageSize: 1, pageToken });
    assert.ok(answer.revisions.length <= 1);
    revisions.push(...answer.revisions);
    pageToken = answer.nextPageToken;
  } while (pageToken);
  assert.ok(revisions.some((r) => r.modelRevision === info.activeRevision && r.state === 'MODEL_REVISION_STATE_ACTIVE'));
  assert.ok(revisions.some((r) => r.fileName === 'damaged.model' && r.state === 'MODEL_REVISION_STATE_REJECTED'));
  const { code, details } = await failure(call(models, 'LookUpTerm', { term: 'qwertz' }));
  assert.deepEqual([code, details.ErrorInfo.reason], [Code.NOT_FOUND, 'TERM_NOT_FOUND']);
  close();
  await many.stop();
  await rm(folder, { recursive: true });
});

test('tokens give roles', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'bayeswire-'));
  const file = path.join(folder, 'tokens');
  await writeFile(file, 'classify classify-0123456789abcdef\noperate operate-0123456789abcdef\n');
  const guarded = await start('--token-file', file);
  const { classification, models, close } = clients(guarded.address);
  const bearer = (token) => {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    return { metadata };
  };
  const request = { article: { text: TEXT } };
  for (const how of [{}, bearer('guess')]) {
    const { code, details } = await failure(call(classification, 'ClassifyArticle', request, how));
    assert.deepEqual([code, details.ErrorInfo.reason], [Code.UNAUTHENTICATED, 'TOKEN_INVALID']);
  }
  const classify = bearer('classify-0123456789abcdef');
  const { answer } = await call(classification, 'ClassifyArticle', request, classify);
  assert.equal(answer.classification.topic, 'diplomacy');
  const { code, details } = await failure(call(models, 'RollbackModel', {}, classify));
  assert.deepEqual([code, details.ErrorInfo.reason], [Code.PERMISSION_DENIED, 'ROLE_MISSING']);
  const operator = await failure(call(models, 'RollbackModel', {}, bearer('operate-0123456789abcdef')));
  assert.equal(operator.details.ErrorInfo.reason, 'NO_EARLIER_REVISION');
  close();
  await guarded.stop();
  await rm(folder, { recursive: true });
});

test('tls and mutual tls', async () => {
  const folder = process.env.BAYESWIRE_CERTIFICATES;
  const file = (name) => path.join(folder, name);
  // One certificate stands for both sides: what is tested is that the two agree.
  const tls = ['--tls-cert', file('server.pem'), '--tls-key', file('server.key'), '--tls-client-ca', file('client.pem')];
  const [ca, key, cert] = await Promise.all(['client.pem', 'server.key', 'server.pem'].map((f) => readFile(file(f))));
  const safe = await start(...tls);
  const known = clients(safe.address, grpc.credentials.createSsl(ca, key, cert));
  const { answer } = await call(known.classification, 'ClassifyArticle', { article: { text: TEXT } });
  assert.equal(answer.classification.topic, 'diplomacy');
  for (const credentials of [grpc.credentials.createSsl(ca), grpc.credentials.createSsl(), undefined]) {
    const unknown = clients(safe.address, credentials);
    const refused = call(unknown.classification, 'ClassifyArticle', { article: { text: TEXT } });
    await assert.rejects(refused, { code: Code.UNAVAILABLE });
    unknown.close();
  }
  known.close();
  await safe.stop();
});
