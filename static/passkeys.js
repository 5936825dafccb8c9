// Completes forms with a passkey: the site gives a challenge, the device answers, the answer is sent as a form.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
const toText = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (each) => String.fromCharCode(each)).join(""))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (known) => (known || []).map((each) => ({ ...each, id: toBytes(each.id) }));

async function post(address, fields) {
  const reply = await fetch(address, { method: "POST", body: fields, headers: { Accept: "application/json" } });
  const said = (await reply.json()).response;
  if (reply.ok) return said;
  const faults = said.field_errors ? Object.values(said.field_errors).flat() : said.errors;
  throw new Refusal(faults.join(" "));
}

class Refusal extends Error {}

async function made(options) {
  const user = { ...options.user, id: toBytes(options.user.id) };
  const publicKey = { ...options, user, challenge: toBytes(options.challenge), excludeCredentials: named(options.excludeCredentials) };
  const key = await navigator.credentials.create({ publicKey });
  const response = {
    attestationObject: toText(key.response.attestationObject), clientDataJSON: toText(key.response.clientDataJSON),
    transports: key.response.getTransports ? key.response.getTransports() : [],
  };
  const extensions = JSON.stringify(key.getClientExtensionResults());
  return { id: key.id, rawId: toText(key.rawId), type: key.type, response, extensions };
}

async function used(options) {
  const publicKey = { ...options, challenge: toBytes(options.challenge), allowCredentials: named(options.allowCredentials) };
  const key = await navigator.credentials.get({ publicKey });
  const response = {
    authenticatorData: toText(key.response.authenticatorData), clientDataJSON: toText(key.response.clientDataJSON),
    signature: toText(key.response.signature),
  };
  if (key.response.userHandle) response.userHandle = toText(key.response.userHandle);
  return { id: key.id, rawId: toText(key.rawId), type: key.type, response };
}

async function complete(form) {
  const fields = new URLSearchParams(new FormData(form));
  const begun = await post(form.action, fields);
  const answer = await (form.dataset.passkey === "make" ? made : used)(begun.credential_options);
  const finish = form.dataset.finish + begun.wan_state;
  fields.set("credential", JSON.stringify(answer));
  if (form.dataset.then) {
    await post(finish, fields);
    document.getElementById(form.dataset.then).submit();
    return;
  }
  const sent = document.createElement("form");
  sent.method = "post";
  sent.action = finish;
  for (const [name, value] of fields) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    sent.append(field);
  }
  document.body.append(sent);
  sent.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const complaint = form.querySelector(".fault");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    complaint.hidden = true;
    button.disabled = true;
    try {
      if (!window.PublicKeyCredential) throw new Refusal(form.dataset.unable);
      await complete(form);
    } catch (error) {
      complaint.textContent = error instanceof Refusal ? error.message : form.dataset[error.name === "SecurityError" ? "unable" : "failed"];
      complaint.hidden = false;
    }
    button.disabled = false;
  });
}
