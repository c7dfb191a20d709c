// Words of the first run.
import { addMessages } from "../messages.js";

addMessages({
    "first.lead": ["Three answers, and the server starts.", "只需填写几项，服务器即可启动。"],
    "first.lead_admin": ["{domain} has no administrator yet.", "{domain} 还没有管理员。"],
    "first.domain": ["Domain", "域名"],
    "first.domain_note": [
        "What stands after the @ of every address. Choose it for good: addresses are not renamed.",
        "即所有地址中 @ 之后的部分。请慎重选择：地址今后不能改名。",
    ],
    "first.domain_bad": ["A domain looks like example.org: no spaces, no @, no port.", "域名形如 example.org，不含空格、@ 或端口。"],
    "first.user": ["Administrator's name", "管理员用户名"],
    "first.user_note": ["An account like any other, that may also use this console.", "与普通账号相同，但可以使用本控制台。"],
    "first.user_bad": ["The name alone: no spaces, and nothing after an @.", "只填用户名，不含空格，也不含 @ 及其后的部分。"],
    "first.will_be": ["Will be {jid}", "地址将是 {jid}"],
    "first.keep": [
        "Keep the password now: it is asked for in a moment, and shown nowhere else.",
        "请立即保存密码：稍后登录时需要，且不会再次显示。",
    ],
    "first.do": ["Set up", "完成设置"],
    "first.busy": ["Setting up…", "正在设置…"],
    "first.wrong_key": ["This link is not valid any more", "此链接已失效"],
    "first.wrong_key_note": [
        "A link is good until it is used, or linnetd is started again. The newest one is what linnetd printed last.",
        "链接在使用之后或 linnetd 重启之后失效，请使用 linnetd 最后一次打印的链接。",
    ],
    "first.slow": ["Too many attempts. Wait a minute, then try again.", "尝试次数过多，请一分钟后重试。"],
    "first.no_key": ["Open the link that linnetd printed", "请打开 linnetd 打印的链接"],
    "first.no_key_note": [
        "The address alone is not enough: whoever sets the server up must have seen its terminal or its journal. The line begins with “set up at”.",
        "仅有地址还不够：设置服务器的人必须能看到它的终端或系统日志。该行以“set up at”开头。",
    ],
    "first.no_key_how": ["As a service of systemd, it is found with:", "作为 systemd 服务运行时，可这样查找："],
    "first.copy_command": ["Copy the command", "复制命令"],
    "first.not_needed": ["This server is set up", "此服务器已完成设置"],
    "first.not_needed_note": ["There is nothing to do here any more.", "这里不再需要任何操作。"],
    "first.to_sign_in": ["Go to sign-in", "前往登录"],
    "first.again": ["Try again", "重试"],
});
