// A certified OpenID Connect provider as it comes from npm, with one client.  `node oidc_provider.mjs PORT BACK…`
// Prints "ready" when it listens.  Its own pages for signing in and agreeing (devInteractions) take any name.
import Provider from "oidc-provider";

const [port, ...redirect_uris] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const base = { redirect_uris, grant_types: ["authorization_code"], response_types: ["code"] };
const provider = new Provider(issuer, {
  clients: [
    { ...base, client_id: "ymateb", client_secret: "a secret/ +%", token_endpoint_auth_method: "client_secret_basic" },
    { ...base, client_id: "ymateb-post", client_secret: "another", token_endpoint_auth_method: "client_secret_post" },
    { ...base, client_id: "ymateb-public", token_endpoint_auth_method: "none" },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture", "website"] },
  pkce: { required: () => true },
  cookies: { keys: ["only for tests"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: `${id} Prosser`,
      email: `${id}@example.com`,
      email_verified: id !== "unverified",
      website: `https://${id}.example/`,
    }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
