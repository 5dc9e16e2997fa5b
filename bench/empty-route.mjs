/** A Fastify route that does nothing: what HTTP alone costs on this machine. */
import Fastify from "fastify";

const app = Fastify();
app.get("/", async () => ({}));
console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
process.on("SIGTERM", () => app.close());
