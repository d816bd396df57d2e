// The least an HTTP answer costs: a Fastify route that takes the body as bytes and answers with an empty object.
import { fastify } from 'fastify';

const app = fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/*', (_request, reply) => {
  reply.header('content-type', 'application/x-amz-json-1.1').send('{}');
});
console.log(`listening on ${await app.listen({ host: '127.0.0.1', port: 0 })}`);
