// Removes the assertion of the identity-aware proxy from requests to notebooks, whose owners could log in with it.
"use strict";

const http = require("node:http");
const { syncBuiltinESMExports } = require("node:module");

const header = require("./values.json").iapHeader.toLowerCase();
const hubHosts = ["127.0.0.1", process.env.HUB_HOST || "tf-hub-0"];
const request = http.request;

http.request = function (options, ...rest) {
  if (!hubHosts.includes(options.hostname)) {
    for (const name of Object.keys(options.headers)) {
      if (name.toLowerCase() === header) {
        delete options.headers[name];
      }
    }
  }
  return request.call(this, options, ...rest);
};
syncBuiltinESMExports();
