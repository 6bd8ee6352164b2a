// Generated from proto/token.proto, never edited.
/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["token"] || ($protobuf.roots["token"] = {});

export const RevisionToken = $root.RevisionToken = (() => {

    /**
     * Properties of a RevisionToken.
     * @typedef {Object} RevisionToken.$Properties
     * @property {string|null} [kid] RevisionToken kid
     * @property {Uint8Array|null} [data] RevisionToken data
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a RevisionToken.
     * @exports IRevisionToken
     * @interface IRevisionToken
     * @augments RevisionToken.$Properties
     * @deprecated Use RevisionToken.$Properties instead.
     */

    /**
     * Shape of a RevisionToken.
     * @typedef {RevisionToken.$Properties} RevisionToken.$Shape
     */

    /**
     * Constructs a new RevisionToken.
     * @exports RevisionToken
     * @classdesc Represents a RevisionToken.
     * @constructor
     * @param {RevisionToken.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const RevisionToken = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * RevisionToken kid.
     * @member {string|null|undefined} kid
     * @memberof RevisionToken
     * @instance
     */
    RevisionToken.prototype.kid = null;

    /**
     * RevisionToken data.
     * @member {Uint8Array|null|undefined} data
     * @memberof RevisionToken
     * @instance
     */
    RevisionToken.prototype.data = null;

    /**
     * Encodes the specified RevisionToken message. Does not implicitly {@link RevisionToken.verify|verify} messages.
     * @function encode
     * @memberof RevisionToken
     * @static
     * @param {RevisionToken.$Properties} message RevisionToken message or plain object to encode
     * @param {$protobuf.Writer} [writer] Writer to encode to
     * @returns {$protobuf.Writer} Writer
     */
    RevisionToken.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.kid != null && $Object.hasOwnProperty.call(message, "kid") && message.kid !== "")
            writer.uint32(/* id 1, wireType 2 =*/10).string(message.kid);
        if (message.data != null && $Object.hasOwnProperty.call(message, "data") && message.data.length)
            writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.data);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    /**
     * Decodes a RevisionToken message from the specified reader or buffer.
     * @function decode
     * @memberof RevisionToken
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {RevisionToken & RevisionToken.$Shape} RevisionToken
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    RevisionToken.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.RevisionToken();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.stringVerify()).length)
                        message.kid = value;
                    else
                        delete message.kid;
                    continue;
                }
            case 2: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.bytes()).length)
                        message.data = value;
                    else
                        delete message.data;
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return RevisionToken;
})();

export const RevisionTokenData = $root.RevisionTokenData = (() => {

    /**
     * Properties of a RevisionTokenData.
     * @typedef {Object} RevisionTokenData.$Properties
     * @property {Array.<RevisableKey.$Properties>|null} [revisableKeys] RevisionTokenData revisableKeys
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a RevisionTokenData.
     * @exports IRevisionTokenData
     * @interface IRevisionTokenData
     * @augments RevisionTokenData.$Properties
     * @deprecated Use RevisionTokenData.$Properties instead.
     */

    /**
     * Shape of a RevisionTokenData.
     * @typedef {RevisionTokenData.$Properties} RevisionTokenData.$Shape
     */

    /**
     * Constructs a new RevisionTokenData.
     * @exports RevisionTokenData
     * @classdesc Represents a RevisionTokenData.
     * @constructor
     * @param {RevisionTokenData.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const RevisionTokenData = function (properties) {
        this.revisableKeys = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * RevisionTokenData revisableKeys.
     * @member {Array.<RevisableKey.$Properties>} revisableKeys
     * @memberof RevisionTokenData
     * @instance
     */
    RevisionTokenData.prototype.revisableKeys = $util.emptyArray;

    /**
     * Encodes the specified RevisionTokenData message. Does not implicitly {@link RevisionTokenData.verify|verify} messages.
     * @function encode
     * @memberof RevisionTokenData
     * @static
     * @param {RevisionTokenData.$Properties} message RevisionTokenData message or plain object to encode
     * @param {$protobuf.Writer} [writer] Writer to encode to
     * @returns {$protobuf.Writer} Writer
     */
    RevisionTokenData.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.revisableKeys != null && message.revisableKeys.length)
            for (let i = 0; i < message.revisableKeys.length; ++i)
                $root.RevisableKey.encode(message.revisableKeys[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    /**
     * Decodes a RevisionTokenData message from the specified reader or buffer.
     * @function decode
     * @memberof RevisionTokenData
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {RevisionTokenData & RevisionTokenData.$Shape} RevisionTokenData
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    RevisionTokenData.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.RevisionTokenData();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    if (!(message.revisableKeys && message.revisableKeys.length))
                        message.revisableKeys = [];
                    message.revisableKeys.push($root.RevisableKey.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return RevisionTokenData;
})();

export const RevisableKey = $root.RevisableKey = (() => {

    /**
     * Properties of a RevisableKey.
     * @typedef {Object} RevisableKey.$Properties
     * @property {Uint8Array|null} [temporaryExposureKey] RevisableKey temporaryExposureKey
     * @property {number|null} [intervalNumber] RevisableKey intervalNumber
     * @property {number|null} [intervalCount] RevisableKey intervalCount
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a RevisableKey.
     * @exports IRevisableKey
     * @interface IRevisableKey
     * @augments RevisableKey.$Properties
     * @deprecated Use RevisableKey.$Properties instead.
     */

    /**
     * Shape of a RevisableKey.
     * @typedef {RevisableKey.$Properties} RevisableKey.$Shape
     */

    /**
     * Constructs a new RevisableKey.
     * @exports RevisableKey
     * @classdesc Represents a RevisableKey.
     * @constructor
     * @param {RevisableKey.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const RevisableKey = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * RevisableKey temporaryExposureKey.
     * @member {Uint8Array|null|undefined} temporaryExposureKey
     * @memberof RevisableKey
     * @instance
     */
    RevisableKey.prototype.temporaryExposureKey = null;

    /**
     * RevisableKey intervalNumber.
     * @member {number|null|undefined} intervalNumber
     * @memberof RevisableKey
     * @instance
     */
    RevisableKey.prototype.intervalNumber = null;

    /**
     * RevisableKey intervalCount.
     * @member {number|null|undefined} intervalCount
     * @memberof RevisableKey
     * @instance
     */
    RevisableKey.prototype.intervalCount = null;

    /**
     * Encodes the specified RevisableKey message. Does not implicitly {@link RevisableKey.verify|verify} messages.
     * @function encode
     * @memberof RevisableKey
     * @static
     * @param {RevisableKey.$Properties} message RevisableKey message or plain object to encode
     * @param {$protobuf.Writer} [writer] Writer to encode to
     * @returns {$protobuf.Writer} Writer
     */
    RevisableKey.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.temporaryExposureKey != null && $Object.hasOwnProperty.call(message, "temporaryExposureKey") && message.temporaryExposureKey.length)
            writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.temporaryExposureKey);
        if (message.intervalNumber != null && $Object.hasOwnProperty.call(message, "intervalNumber") && message.intervalNumber !== 0)
            writer.uint32(/* id 2, wireType 0 =*/16).int32(message.intervalNumber);
        if (message.intervalCount != null && $Object.hasOwnProperty.call(message, "intervalCount") && message.intervalCount !== 0)
            writer.uint32(/* id 3, wireType 0 =*/24).int32(message.intervalCount);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    /**
     * Decodes a RevisableKey message from the specified reader or buffer.
     * @function decode
     * @memberof RevisableKey
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {RevisableKey & RevisableKey.$Shape} RevisableKey
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    RevisableKey.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.RevisableKey();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.bytes()).length)
                        message.temporaryExposureKey = value;
                    else
                        delete message.temporaryExposureKey;
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.intervalNumber = value;
                    else
                        delete message.intervalNumber;
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.intervalCount = value;
                    else
                        delete message.intervalCount;
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return RevisableKey;
})();

export {
  $root as default
};
