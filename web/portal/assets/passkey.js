/*
 * Passkeys: the only script of the portal. It asks the browser for a key (WebAuthn, user verification required) and
 * posts what comes back as ordinary form fields. Without it the forms stay hidden and everything else works.
 */
"use strict";
(() => {
	const fromBase64url = (text) => {
		const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
		return Uint8Array.from(binary, (character) => character.charCodeAt(0));
	};
	const toBase64url = (buffer) => {
		const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
		return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
	};
	const descriptors = (known) =>
		known.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: fromBase64url(id) }));

	const put = (form, fields) => {
		for (const [name, buffer] of Object.entries(fields)) {
			form.elements[name].value = buffer ? toBase64url(buffer) : "";
		}
	};

	const assertion = (form, credential) => put(form, {
		credential: credential.rawId,
		client_data: credential.response.clientDataJSON,
		auth_data: credential.response.authenticatorData,
		signature: credential.response.signature,
		user_handle: credential.response.userHandle,
	});

	const attestation = (form, credential) => put(form, {
		client_data: credential.response.clientDataJSON,
		attestation: credential.response.attestationObject,
	});

	const requestOptions = (data) => ({
		challenge: fromBase64url(data.challenge),
		rpId: data.rp,
		allowCredentials: descriptors(data.known),
		userVerification: "required",
		timeout: 300000,
	});

	/* ES256, EdDSA, RS256: what the verifier takes. */
	const creationOptions = (data) => ({
		challenge: fromBase64url(data.challenge),
		rp: { id: data.rp, name: data.organisation || data.rp },
		user: { id: fromBase64url(data.handle), name: data.user, displayName: data.title || data.user },
		pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
		excludeCredentials: descriptors(data.known),
		authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
		attestation: "none",
		timeout: 300000,
	});

	const message = (data, error) => {
		if (error.name === "NotAllowedError" || error.name === "AbortError") {
			return data.cancelled;
		}
		return error.name === "InvalidStateError" && data.there ? data.there : data.failed;
	};

	/* One ceremony per click; the button waits meanwhile. */
	const onSubmit = (form, ask, fill) => async (event) => {
		const button = form.querySelector("button");
		const trouble = form.querySelector(".trouble");
		event.preventDefault();
		button.disabled = true;
		trouble.textContent = "";
		try {
			fill(form, await ask(form.dataset));
			form.submit();
		} catch (error) {
			trouble.textContent = message(form.dataset, error);
			button.disabled = false;
			button.focus();
		}
	};

	const forms = [
		["passkey-get", (data) => navigator.credentials.get({ publicKey: requestOptions(data) }), assertion],
		["passkey-create", (data) => navigator.credentials.create({ publicKey: creationOptions(data) }), attestation],
	];
	for (const [id, ask, fill] of forms) {
		const form = document.getElementById(id);
		if (!form) {
			continue;
		}
		if (window.PublicKeyCredential && navigator.credentials) {
			form.addEventListener("submit", onSubmit(form, ask, fill));
			form.hidden = false;
		} else {
			document.getElementById("passkey-none").hidden = false;
		}
	}
})();
