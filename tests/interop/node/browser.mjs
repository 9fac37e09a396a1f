// What a browser does around the calls of a page: it asks the server first whether the page may call, and keeps from the
// page what the server does not expose. Node's own fetch does the rest, as browsers do where there is no TLS by HTTP/1.1, but
// knows no origins.

// Fetch standard: what a page may send and read without being allowed to.
const SAFE_REQUEST_HEADERS = ['accept', 'accept-language', 'content-language'];
const SAFE_RESPONSE_HEADERS = ['cache-control', 'content-language', 'content-length', 'content-type', 'expires',
  'last-modified', 'pragma'];

const list = (headers, name) => (headers.get(name) ?? '').toLowerCase().split(',').map((part) => part.trim());
const allows = (headers, origin) => ['*', origin].includes(headers.get('access-control-allow-origin'));

/** `fetch` as a page of `origin` has it. Throws as a browser does when the server does not allow the page to call. */
export const browser = (origin, seen = []) => async (url, init) => {
  const asked = [...new Headers(init.headers).keys()].filter((name) => !SAFE_REQUEST_HEADERS.includes(name)).sort();
  const preflight = await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': init.method,
      'access-control-request-headers': asked.join(','),
    },
  });
  seen.push(preflight);
  const allowed = list(preflight.headers, 'access-control-allow-headers');
  if (!preflight.ok || !allows(preflight.headers, origin)
    || !list(preflight.headers, 'access-control-allow-methods').includes(init.method.toLowerCase())
    || !asked.every((name) => allowed.includes(name))) {
    throw new TypeError('Failed to fetch');
  }
  const headers = new Headers(init.headers);
  headers.set('origin', origin);
  const answer = await fetch(url, { ...init, headers });
  seen.push(answer);
  if (!allows(answer.headers, origin)) throw new TypeError('Failed to fetch');
  const exposed = [...SAFE_RESPONSE_HEADERS, ...list(answer.headers, 'access-control-expose-headers')];
  const shown = [...answer.headers].filter(([name]) => exposed.includes(name));
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers: shown });
};
