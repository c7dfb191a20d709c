// Why the server refuses something, in Chinese; test/server_reasons_test.mjs finds what it can say in its
// sources. {name} stands for what it fills in; a {reason} is itself a sentence of these, if it is one.
import { readSentence, saySentence } from "./sentence.js";
import { addServerWords } from "./translate.js";

export const serverReasons = {
    // values of settings (src/server/settings_value.c)
    "must be true or false": "必须是 true 或 false",
    "must be a whole number": "必须是整数",
    "must be a number of bytes (B, KiB, MiB, GiB)": "必须是字节数（B、KiB、MiB、GiB）",
    "must be a number of milliseconds (ms, s, min, h)": "必须是毫秒数（ms、s、min、h）",
    "must be a number of seconds (s, min, h, d)": "必须是秒数（s、min、h、d）",
    "must be a path": "必须是路径",
    "must be a domain name": "必须是域名",
    "must be names": "必须是名称",
    "must be addresses such as 127.0.0.1:5222, [::1]:5222 or *:5222": "必须是 127.0.0.1:5222、[::1]:5222 或 *:5222 这样的地址",
    "must be one of its words": "必须是允许的词之一",
    "must be from {min} to {max}": "必须在 {min} 到 {max} 之间",
    "must be one of {words}": "必须是以下之一：{words}",
    "must list {what} in quotes": "必须列出带引号的{what}",
    "an address needs a port: 127.0.0.1:5222, [::1]:5222 or *:5222": "地址需要端口：127.0.0.1:5222、[::1]:5222 或 *:5222",
    "the port must be from 0 to 65535": "端口必须在 0 到 65535 之间",
    "the part before the port must be an IP address, or * for all": "端口之前必须是 IP 地址，或用 * 表示全部",
    "an IPv6 address stands in brackets: [::1]:5222": "IPv6 地址要写在方括号中：[::1]:5222",
    "lists more than 64 items": "超过 64 项",
    "is longer than 4096 bytes": "超过 4096 字节",
    "holds a control character": "含有控制字符",
    "has no type": "没有类型",
    "out of memory": "内存不足",
    '"{item}" is no SASL mechanism of this server': "“{item}”不是本服务器的 SASL 机制",

    // settings together (src/server/settings.c, src/server/ops/ops_settings.c)
    'there is no setting "{name}"; did you mean "{other}"?': "没有设置“{name}”；是否指“{other}”？",
    'there is no setting "{name}"': "没有设置“{name}”",
    "is for the file, the environment and --set alone": "只能在配置文件、环境变量或 --set 中设置",
    "{name} is set in {where}, which goes before what is set while the server runs": "{name} 已在 {where} 中设置，那里的设置优先于运行时的设置",
    "{name} was not set while the server ran": "{name} 没有在服务器运行时设置过",
    "The value holds a control character": "该值含有控制字符",
    "{reason}, as long as a restart is waited for ({names}): restart the server first": "{reason}（{names} 正等待重启）：请先重启服务器",
    "domain is required: the part of your addresses after the @": "需要 domain：地址中 @ 之后的部分",
    "data must not be empty": "data 不能为空",
    "{one} and {other} are set together or not at all": "{one} 和 {other} 须同时设置或都不设置",
    "c2s.listen and c2s.listen_tls must not both be empty": "c2s.listen 和 c2s.listen_tls 不能都为空",
    "login.mechanisms names only what login.legacy does not allow": "login.mechanisms 只列出了 login.legacy 不允许的机制",
    "limits.max_stanza_bytes_before_auth is above limits.max_stanza_bytes":
        "limits.max_stanza_bytes_before_auth 大于 limits.max_stanza_bytes",
    "limits.send_queue_bytes must hold one stanza of limits.max_stanza_bytes":
        "limits.send_queue_bytes 必须容得下一个 limits.max_stanza_bytes 的节",
    "console.listen takes up to 4 addresses of this machine alone: 127.0.0.1 or [::1]; reach it from elsewhere through a tunnel":
        "console.listen 最多 4 个地址，且只能是本机地址：127.0.0.1 或 [::1]；从别处请通过隧道访问",
    "console.listen_tls takes up to 4 addresses": "console.listen_tls 最多 4 个地址",
    "{list} overlaps itself at port {port}: name each address once, or *:{all} for all":
        "{list} 在端口 {port} 上有重复的地址：每个地址只写一次，或用 *:{all} 表示全部",
    "{one} and {other} overlap at port {port}: give one of them another port":
        "{one} 与 {other} 在端口 {port} 上重叠：请为其中之一换一个端口",
    "control.socket is longer than the 107 bytes of a socket's path; set a shorter one":
        "control.socket 超过套接字路径的 107 字节；请设置更短的路径",

    // files that are read again, and the certificate
    "Nothing was changed: {reason}": "没有任何更改：{reason}",
    "the account that asked for it may not any more, or has to sign in again": "发出请求的账户已无此权限，或需要重新登录",
    "The settings cannot be used: {reason}": "设置无法使用：{reason}",
    "cannot be opened: {reason}": "无法打开：{reason}",
    "cannot be read: {reason}": "无法读取：{reason}",
    "holds a NUL byte": "含有 NUL 字节",
    "is larger than 1 MiB": "大于 1 MiB",
    "{name} is no setting; did you mean {other}?": "{name} 不是设置；是否指 {other}？",
    "{name} is no setting": "{name} 不是设置",
    '"{text}" is not of the form name=value': "“{text}”不是 name=value 的形式",
    "domain: has no form for a certificate": "domain：没有可用于证书的形式",
    "data: {path} cannot be made: {reason}": "data：无法创建 {path}：{reason}",
    "TLS cannot be set up: {reason}": "无法建立 TLS：{reason}",
    "TLS cannot be set up": "无法建立 TLS",
    "{path} cannot be made: {reason}": "无法创建 {path}：{reason}",
    "{path} cannot be opened: {reason}": "无法打开 {path}：{reason}",
    "{path} cannot be read: {reason}": "无法读取 {path}：{reason}",
    "{path} cannot be read to its end": "无法完整读取 {path}",
    "{path} is no key: a file of 32 bytes is wanted": "{path} 不是密钥：需要 32 字节的文件",
    "{path} belongs to another user": "{path} 属于其他用户",
    "{path} may be used by others: chmod 600 it": "{path} 可被他人使用：请执行 chmod 600",
    "cannot listen on {address}: {reason}": "无法在 {address} 监听：{reason}",
    "another program listens there: stop it, or choose another port with --set {name}":
        "已有其他程序在那里监听：请停止它，或用 --set {name} 选择其他端口",
    "it is not permitted: ports below 1024 need root or CAP_NET_BIND_SERVICE":
        "没有权限：1024 以下的端口需要 root 或 CAP_NET_BIND_SERVICE",
    "this machine has no such address: correct {name}": "本机没有此地址：请更正 {name}",
    "cannot {what} {path}: {reason}": "无法写入 {path}：{reason}",
    "cannot make a certificate for {domain}": "无法为 {domain} 生成证书",

    // names and passwords (src/core/jid.c, src/server/ops)
    '"{address}" is not a valid address: {reason}': "“{address}”不是有效的地址：{reason}",
    "The address is not valid: {reason}": "地址无效：{reason}",
    '"{address}" is not a valid address': "“{address}”不是有效的地址",
    "The address is not valid": "地址无效",
    "A part of the address is empty": "地址的一部分为空",
    "A part of the address is longer than 1023 bytes": "地址的一部分超过 1023 字节",
    "The address is not valid UTF-8": "地址不是有效的 UTF-8",
    "A user name may not contain spaces, symbols or any of \" & ' / : < > @": "用户名不能包含空格、符号，以及 \" & ' / : < > @",
    "The domain is not a host name or IP address": "域名不是主机名或 IP 地址",
    "The resource contains a character that is not allowed there": "资源含有不允许的字符",
    "There was not enough memory to read the address": "内存不足，无法读取地址",
    "The address is valid": "地址有效",
    "an account has no resource (the part after the /)": "账号没有资源（/ 之后的部分）",
    "it has no form for DNS and certificates": "它没有可用于 DNS 和证书的形式",
    "A session is named in full: name@domain/resource": "会话须写全：name@domain/resource",
    "The server does not serve {domain}": "本服务器不服务于 {domain}",
    "The server does not serve the domain of this address": "本服务器不服务于该地址的域名",
    "The address says {domain}; the server is {server}": "地址中的域名是 {domain}，而服务器是 {server}",
    "There is no account {address}": "没有账号 {address}",
    "There is no session {address}": "没有会话 {address}",
    "No client has such an id: {reason}": "没有此标识的客户端：{reason}",
    "That client has no token of {address}": "该客户端没有 {address} 的令牌",
    "it is empty, longer than 256 bytes, or not UTF-8": "它为空、超过 256 字节或不是 UTF-8",
    "The password cannot be used: {reason}": "密码无法使用：{reason}",
    "it is longer than 1023 bytes": "它超过 1023 字节",
    "it is empty, not UTF-8, or holds characters that no password may hold": "它为空、不是 UTF-8，或含有密码不允许的字符",
    "The account {address} is disabled": "账号 {address} 已停用",
    "The account is disabled": "账号已停用",
    "The address {address} already belongs to someone": "地址 {address} 已被占用",
    "The server did not accept the user name or the password of {address}": "服务器不接受 {address} 的用户名或密码",
    "The server did not accept the user name or the password": "服务器不接受该用户名或密码",
    "The server cannot check the sign-in of {address} at present": "服务器目前无法验证 {address} 的登录",
    "The server cannot check the sign-in at present": "服务器目前无法验证登录",
    "This link does not set the server up: its key is wrong, or of another start": "此链接不能设置服务器：其密钥错误，或属于另一次启动",
    "The server is not set up yet: open the link that it printed when it started, or use linnetctl setup":
        "服务器尚未设置：请打开它启动时打印的链接，或使用 linnetctl setup",

    // networks, roles and what else is asked for (src/server/control)
    "The network of that length is {network}; an address alone has no length": "该长度的网络是 {network}；单个地址不写长度",
    "network must be like 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7": "网络须写成 192.0.2.0/24、2001:db8::/32 或 192.0.2.7 这样",
    "This machine itself (127.0.0.0/8, ::1) cannot be blocked, nor a network that holds it":
        "不能阻止本机（127.0.0.0/8、::1）或包含它的网络",
    "hours must be from 1 to {n}; left out, it is for ever": "小时数必须在 1 到 {n} 之间；不填表示永久",
    "The hours must be a whole number, or nothing for ever": "小时数必须是整数，不填表示永久",
    "There are {n} blocks already: remove one, or block a larger network": "已有 {n} 条阻止记录：请移除一条，或阻止更大的网络",
    "{network} is not blocked": "{network} 未被阻止",
    "who must be an IP address, or an IPv6 /64": "对象必须是 IP 地址或 IPv6 的 /64",
    "kind must be address or account": "类型必须是 address 或 account",
    "role must be full, read-only or none": "角色必须是 full、read-only 或 none",
    "user is none that an account could have": "该用户名不可能是账号",
    "address must be an IP address": "地址必须是 IP 地址",
    "address is longer than one can be": "地址过长",
    "id must be the id of a sign-in": "id 必须是一次登录的编号",
    "after must be the id of a sign-in, or 0": "after 必须是一次登录的编号，或 0",
    "before must be an id: from 1 on": "before 必须是从 1 开始的编号",
    "limit must be from 1 to {n}": "数量必须在 1 到 {n} 之间",
    "name must have from 1 to {n} bytes": "名称必须是 1 到 {n} 字节",
    "value must not be longer than {n} bytes": "值不能超过 {n} 字节",
    "reason must not be longer than {n} bytes": "原因不能超过 {n} 字节",
    "q must not be longer than {n} bytes": "搜索内容不能超过 {n} 字节",
    "The request was not understood": "无法理解该请求",

    // linnet-console itself
    "linnetd does not answer, or cannot": "linnetd 没有响应，或无法完成",
    "The parameter {name} is missing": "缺少参数 {name}",
    "The parameter {name} is not what it should be": "参数 {name} 不正确",
    "The body is not the JSON object that belongs here": "请求内容不是此处所需的 JSON 对象",
    "The body must be JSON (Content-Type: application/json)": "请求内容必须是 JSON（Content-Type: application/json）",
    "The query has a parameter that is not known here, twice or without a value": "查询含有未知、重复或没有值的参数",
    "Where the request ends could be read in two ways: it may have one Content-Length and no Transfer-Encoding":
        "请求在何处结束可有两种读法：只能有一个 Content-Length，且不能有 Transfer-Encoding",
    "That cannot be done with this address": "不能对此地址执行该操作",

    // what to do
    "Try again in a moment; the log of linnetd says more": "请稍后重试；详情见 linnetd 的日志",
    "Use one of the methods that the header Allow names": "请使用 Allow 头中列出的方法",
    "Correct it, and start linnetd again: the administrator is made": "请更正后重新启动 linnetd：管理员已创建",
    "Open the link that linnetd printed when it started last": "请打开 linnetd 最近一次启动时打印的链接",
    "Write it like name@example.org: a user name, an @ and the domain of the server": "请写成 name@example.org：用户名、@ 和服务器的域名",
    "Use the domain that the server serves, or set the host and port of the right server": "请使用本服务器的域名，或设置正确服务器的主机和端口",
    "Ask the server's administrator for the reason, and to enable it again": "请向服务器管理员询问原因，并请其重新启用",
    "Wait a while, then try again": "请稍候再试",
    "Type the password again, and check the spelling of the address": "请重新输入密码，并检查地址的拼写",
};

// "limits.idle_timeout_s: …", "/etc/linnet.conf:12: …", "--set: …".
const PLACE = /^([^\s:"]+(?::\d+)?): (.+)$/su;

function sayBare(text) {
    if (Object.hasOwn(serverReasons, text)) return serverReasons[text];
    const [, place, rest] = PLACE.exec(text) ?? [];
    const there = rest && sayServerReason(rest);
    if (there) return `${place}：${there}`;
    for (const [template, chinese] of Object.entries(serverReasons)) {
        const values = template.includes("{") && readSentence(template, text);
        if (!values) continue;
        if (values.reason) values.reason = sayServerReason(values.reason) ?? values.reason;
        return saySentence(chinese, values);
    }
    return undefined;
}

// In Chinese, or nothing when it is not known. Sentences end with a stop, reasons in them do not.
export function sayServerReason(text) {
    const bare = text.replace(/\.$/, "");
    const said = sayBare(bare);
    return said && (bare === text ? said : `${said}。`);
}

addServerWords(sayServerReason);
