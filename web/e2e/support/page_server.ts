// Serves web/dist below /ui/ as the daemon does, with its policy, and passes /v1 on to a daemon.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const kDist = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "dist");

export const kPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "font-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const kTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
};

export interface PageServer {
  url: string;
  stop(): void;
}

/** Answers a path below /ui/ from dist; false if the path is another. */
export function serveDist(incoming: IncomingMessage, response: ServerResponse): boolean {
  const path = (incoming.url ?? "/").split("?")[0] ?? "/";
  if (!path.startsWith("/ui/")) return false;
  const file = join(kDist, normalize(path.slice(4) === "" ? "index.html" : path.slice(4)));
  if (!file.startsWith(kDist) || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end();
    return true;
  }
  response.writeHead(200, {
    "Content-Type": kTypes[extname(file)] ?? "application/octet-stream",
    "Content-Security-Policy": kPolicy, "X-Content-Type-Options": "nosniff",
  });
  response.end(readFileSync(file));
  return true;
}

function passOn(target: URL, incoming: IncomingMessage, response: ServerResponse): void {
  const onward = request({
    host: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers: incoming.headers,
  }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
  incoming.pipe(onward);
}

function passOnSocket(server: Server, target: URL): void {
  server.on("upgrade", (incoming, socket, head) => {
    const onward = connect(Number(target.port), target.hostname, () => {
      const headers = incoming.rawHeaders.reduce((text, part, index) =>
        text + part + (index % 2 === 0 ? ": " : "\r\n"), "");
      onward.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers}\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    socket.on("close", () => onward.destroy());
    onward.on("close", () => socket.destroy());
  });
}

export function listen(server: Server): Promise<PageServer> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: `http://127.0.0.1:${port}`,
        stop: () => {
          server.closeAllConnections();
          server.close();
        },
      });
    });
  });
}

/** The page of a daemon: its own if it serves one, else dist in front of it. */
export async function pageOf(daemonUrl: string): Promise<PageServer> {
  const own = await fetch(`${daemonUrl}/ui/`);
  if (own.ok && (await own.text()).includes('id="page"')) return { url: daemonUrl, stop: () => undefined };
  const target = new URL(daemonUrl);
  const server = createServer((incoming, response) => {
    if (!serveDist(incoming, response)) passOn(target, incoming, response);
  });
  passOnSocket(server, target);
  return listen(server);
}
